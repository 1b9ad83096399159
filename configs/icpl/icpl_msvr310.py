# ICPL-ReID on MSVR310: 155 training identities; published mAP and R-1 56.9 and 77.7.
# 50 epochs, batches of 16 x 4.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_msvr310.py
_base_ = [
    '../_base_/models/icpl_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/adam_icpl.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256), towers='shared', scale=0.5),
    template='A photo of a {learned} vehicle.',
    branches=dict(_delete_=True, each=_base_._branch, each_joint=_base_._branch),
)
optim_wrapper = dict(optimizer=dict(lr=3.5e-4, weight_decay=1e-4))
