# ICPL-ReID on WMVEID863: 603 training identities; published mAP and R-1 67.2 and 74.0.
# 120 epochs, batches of 16 x 4.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_wmveid863.py
_base_ = [
    '../_base_/models/icpl_vit-b16.py',
    '../_base_/datasets/wmveid863.py',
    '../_base_/schedules/adam_icpl.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=603,
    backbone=dict(image_size=(128, 256)),
    template='A photo of a {learned} vehicle.',
)
optim_wrapper = dict(optimizer=dict(lr=3.5e-4, weight_decay=5e-4))
train_cfg = dict(max_epochs=120)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
