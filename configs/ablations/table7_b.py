# Table VII (b): semantic experts share a router, structure experts have one for each modality.
#   python tools/run_study.py table7 --rows b --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(b) T share, C multi', paper=dict(rgbnt201={'mAP': 78.7, 'R-1': 83.4}))
model = dict(neck=dict(semantic=dict(router='share'), structure=dict(router='multi')))
