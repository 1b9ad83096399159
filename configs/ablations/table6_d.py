# Table VI (d): a threshold from the class token, as NEXT has it.
#   python tools/run_study.py table6 --rows d --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(d) dynamic threshold', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'params M': 94.8, 'G MACs': 44.8})
)
