# MambaPro on RGBNT100: 50 training identities; published mAP and R-1 83.9 and 94.7.
# 30 epochs, batches of 8 x 16.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/mambapro/mambapro_rgbnt100.py
_base_ = [
    '../_base_/models/mambapro_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/adam_mambapro.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256), num_cameras=8),
    branches=_base_._vehicle_branches,
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=5, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0.0, begin=5, end=30, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=30)
auto_scale_lr = dict(base_batch_size=128)
