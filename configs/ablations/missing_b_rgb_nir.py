# RGB and NIR alone, in training and in testing.
#   python tools/run_study.py missing --rows b_rgb_nir --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='RGB + NIR')
train_dataloader = dict(dataset=dict(missing_modalities=('tir',)))
val_dataloader = dict(dataset=dict(missing_modalities=('tir',)))
test_dataloader = dict(dataset=dict(missing_modalities=('tir',)))
