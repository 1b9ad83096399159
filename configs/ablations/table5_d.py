# Table V: the captions as they are.
#   python tools/run_study.py table5 --rows d --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='100 % of words', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6}))
