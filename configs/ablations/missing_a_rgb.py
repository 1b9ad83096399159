# RGB alone, in training and in testing.
#   python tools/run_study.py missing --rows a_rgb --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='RGB')
train_dataloader = dict(dataset=dict(missing_modalities=('nir', 'tir')))
val_dataloader = dict(dataset=dict(missing_modalities=('nir', 'tir')))
test_dataloader = dict(dataset=dict(missing_modalities=('nir', 'tir')))
