# Table VI (c): one fixed threshold.
#   python tools/run_study.py table6 --rows c --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(c) fixed threshold', paper=dict(rgbnt201={'mAP': 80.3, 'R-1': 85.0, 'params M': 94.8, 'G MACs': 44.8})
)
model = dict(neck=dict(semantic=dict(sampling='fixed')))
