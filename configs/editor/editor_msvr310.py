# EDITOR on MSVR310: 155 training identities; published mAP and R-1 39.0 and 49.3.
# 1000 epochs, batches of 8 x 16.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/editor/editor_msvr310.py
_base_ = [
    '../_base_/models/editor_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    # The authors' AL = 0, for vehicles: one branch for the three class tokens.
    branches=dict(_delete_=True, fused=_base_._branch, each=_base_._branch),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=1000, warmup=100, final=0.001)
train_cfg = dict(max_epochs=1000, val_interval=50)
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16))
auto_scale_lr = dict(base_batch_size=128)
