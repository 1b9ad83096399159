# Table VIII: NEXT with text.
#   python tools/run_study.py table8 --rows b --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='NEXT', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'params M': 94.8, 'G MACs': 44.8}))
