# NIR and TIR alone, in training and in testing.
#   python tools/run_study.py missing --rows b_nir_tir --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='NIR + TIR')
train_dataloader = dict(dataset=dict(missing_modalities=('rgb',)))
val_dataloader = dict(dataset=dict(missing_modalities=('rgb',)))
test_dataloader = dict(dataset=dict(missing_modalities=('rgb',)))
