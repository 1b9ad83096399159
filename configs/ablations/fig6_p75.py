# Fig. 6: a sentence is kept with probability 0.75, as NEXT has it.
#   python tools/run_study.py fig6 --rows p75 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='p = 75 %', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6}))
