# DeMo on RGBNT201: 171 training identities; published mAP and R-1 79.0 and 82.3.
# 50 epochs, batches of 8 x 8.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/demo/demo_rgbnt201.py
_base_ = [
    '../_base_/models/demo_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171, backbone=dict(num_cameras=4), branches=_base_._person_branches)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
