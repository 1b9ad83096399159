# Fig. 8: 2 structure experts.
#   python tools/run_study.py fig8 --rows c2 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='2 structure')
model = dict(neck=dict(structure=dict(num_experts=2)))
