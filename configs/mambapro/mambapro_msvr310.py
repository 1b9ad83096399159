# MambaPro on MSVR310: 155 training identities; published mAP and R-1 47.0 and 56.5.
# 60 epochs, batches of 16 x 4.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/mambapro/mambapro_msvr310.py
_base_ = [
    '../_base_/models/mambapro_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/adam_mambapro.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    branches=_base_._vehicle_branches,
)
