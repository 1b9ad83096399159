# Fig. 8: 3 structure experts, as NEXT has it.
#   python tools/run_study.py fig8 --rows c3 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='3 structure', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6}))
