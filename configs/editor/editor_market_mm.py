# EDITOR on Market-MM: 751 training identities; published mAP and R-1 77.4 and 90.8.
# 70 epochs, batches of 8 x 16.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/editor/editor_market_mm.py
_base_ = [
    '../_base_/models/editor_vit-b16.py',
    '../_base_/datasets/market_mm.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, backbone=dict(num_cameras=6))
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=70, warmup=10, final=0.001)
train_cfg = dict(max_epochs=70)
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16))
auto_scale_lr = dict(base_batch_size=128)
