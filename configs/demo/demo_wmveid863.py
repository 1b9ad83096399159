# DeMo on WMVEID863: 603 training identities; published mAP and R-1 68.8 and 77.2.
# 50 epochs, batches of 16 x 4.
# Its recipe is not released; this is MSVR310's.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/demo/demo_wmveid863.py
_base_ = [
    '../_base_/models/demo_vit-b16.py',
    '../_base_/datasets/wmveid863.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=603,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    num_heads=8,
    branches=_base_._vehicle_branches,
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
