# ICPL-ReID on RGBNT100: 50 training identities; published mAP and R-1 87.0 and 98.6.
# 120 epochs, batches of 16 x 4.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_rgbnt100.py
_base_ = [
    '../_base_/models/icpl_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/adam_icpl.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256)),
    template='A photo of a {learned} vehicle.',
)
optim_wrapper = dict(optimizer=dict(lr=3.5e-4, weight_decay=5e-4))
train_cfg = dict(max_epochs=120)
train_dataloader = dict(batch_size=64, batch_sampler=dict(num_instances=4))
