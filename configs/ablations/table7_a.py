# Table VII (a): a router for each modality in both expert sets.
#   python tools/run_study.py table7 --rows a --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(a) T multi, C multi', paper=dict(rgbnt201={'mAP': 78.3, 'R-1': 82.5}))
model = dict(neck=dict(structure=dict(router='multi')))
