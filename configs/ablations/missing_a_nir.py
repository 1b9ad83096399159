# NIR alone, in training and in testing.
#   python tools/run_study.py missing --rows a_nir --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='NIR')
train_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'tir')))
val_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'tir')))
test_dataloader = dict(dataset=dict(missing_modalities=('rgb', 'tir')))
