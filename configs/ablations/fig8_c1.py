# Fig. 8: 1 structure expert.
#   python tools/run_study.py fig8 --rows c1 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='1 structure', paper=dict(rgbnt201={'mAP': 80.8, 'R-1': 84.0}))
model = dict(neck=dict(structure=dict(num_experts=1)))
