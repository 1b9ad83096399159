# All three modalities, in training and in testing.
#   python tools/run_study.py missing --rows c_all --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='all three')
