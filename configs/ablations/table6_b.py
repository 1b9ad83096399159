# Table VI (b): every semantic expert takes the half of the tokens with the highest routes.
#   python tools/run_study.py table6 --rows b --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='(b) top 50 %', paper=dict(rgbnt201={'mAP': 81.4, 'R-1': 84.3, 'params M': 94.8, 'G MACs': 44.8}))
model = dict(neck=dict(semantic=dict(sampling='topk')))
