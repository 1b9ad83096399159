# DeMo on MSVR310: 155 training identities; published mAP and R-1 49.2 and 59.8.
# 50 epochs, batches of 16 x 4.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/demo/demo_msvr310.py
_base_ = [
    '../_base_/models/demo_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    num_heads=8,
    branches=_base_._vehicle_branches,
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
