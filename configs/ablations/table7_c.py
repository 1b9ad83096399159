# Table VII (c): one router for all modalities in both expert sets.
#   python tools/run_study.py table7 --rows c --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(c) T share, C share', paper=dict(rgbnt201={'mAP': 80.3, 'R-1': 84.3}))
model = dict(neck=dict(semantic=dict(router='share')))
