# MambaPro on WMVEID863: 603 training identities; published mAP and R-1 69.5 and 76.9.
# 60 epochs, batches of 16 x 4.
# Its recipe is not released; this is MSVR310's.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/mambapro/mambapro_wmveid863.py
_base_ = [
    '../_base_/models/mambapro_vit-b16.py',
    '../_base_/datasets/wmveid863.py',
    '../_base_/schedules/adam_mambapro.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=603,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    branches=_base_._vehicle_branches,
)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
