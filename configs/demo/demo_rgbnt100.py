# DeMo on RGBNT100: 50 training identities; published mAP and R-1 86.2 and 97.6.
# 30 epochs, batches of 8 x 16.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/demo/demo_rgbnt100.py
_base_ = [
    '../_base_/models/demo_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/adam_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256), num_cameras=8),
    num_heads=8,
    branches=_base_._vehicle_branches,
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
