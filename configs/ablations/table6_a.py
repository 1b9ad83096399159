# Table VI (a): every semantic expert takes all tokens.
#   python tools/run_study.py table6 --rows a --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(a) all tokens', paper=dict(rgbnt201={'mAP': 79.0, 'R-1': 83.0, 'params M': 94.8, 'G MACs': 43.9}))
model = dict(neck=dict(semantic=dict(sampling='all')))
