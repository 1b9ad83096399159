# IDEA on RGBNT201: 171 training identities; published mAP and R-1 80.2 and 82.1.
# 50 epochs, batches of 8 x 8.
# The authors train every parameter at 3.5e-6, after a warm-up that falls from ten times that; here the rates are
# DeMo's, and idea_rgbnt201_authors.py has theirs.
# Needs data/RGBNT201 and its captions; see docs/data.md.
#   python tools/train.py configs/idea/idea_rgbnt201.py
_base_ = [
    '../_base_/models/idea_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=171,
    backbone=dict(num_cameras=4),
    num_words=2,
    prefixes=_base_._person_prefixes,
    reach=5,
    branches=_base_._together,
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._augment, *_base_._test_captions]))
