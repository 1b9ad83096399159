# Fig. 8: 3 semantic experts, as NEXT has it.
#   python tools/run_study.py fig8 --rows t3 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='3 semantic', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6}))
