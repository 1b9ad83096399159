# IDEA on MSVR310: 155 training identities; published mAP and R-1 47.0 and 62.4.
# 50 epochs, batches of 8 x 8.
# The authors train every parameter at 3.5e-6, after a warm-up that falls from ten times that; here the rates are
# DeMo's, and idea_msvr310_authors.py has theirs.
# Needs data/MSVR310 and its captions; see docs/data.md.
#   python tools/train.py configs/idea/idea_msvr310.py
_base_ = [
    '../_base_/models/idea_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0),
    num_words=1,
    prefixes=_base_._vehicle_prefixes,
    reach=25,
    branches=_base_._together,
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._augment, *_base_._test_captions]))
train_dataloader = dict(batch_sampler=dict(num_instances=8))
