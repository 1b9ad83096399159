# MambaPro on RGBNT201: 171 training identities; published mAP and R-1 78.9 and 83.4.
# 60 epochs, batches of 16 x 4.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/mambapro/mambapro_rgbnt201.py
_base_ = [
    '../_base_/models/mambapro_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/adam_mambapro.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=171,
    backbone=dict(num_cameras=4),
    branches=_base_._person_branches,
)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
