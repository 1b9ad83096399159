# EDITOR on RGBNT100: 50 training identities; published mAP and R-1 82.1 and 96.4.
# 70 epochs, batches of 8 x 16.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/editor/editor_rgbnt100.py
_base_ = [
    '../_base_/models/editor_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256), num_cameras=8),
    # The authors' AL = 0, for vehicles: one branch for the three class tokens.
    branches=dict(_delete_=True, fused=_base_._branch, each=_base_._branch),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=70, warmup=10, final=0.001)
train_cfg = dict(max_epochs=70)
auto_scale_lr = dict(base_batch_size=128)
