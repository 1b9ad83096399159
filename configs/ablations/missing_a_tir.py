# TIR alone, in training and in testing.
#   python tools/run_study.py missing --rows a_tir --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='TIR')
train_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'nir')))
val_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'nir')))
test_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'nir')))
