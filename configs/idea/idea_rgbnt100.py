# IDEA on RGBNT100: 50 training identities; published mAP and R-1 87.2 and 96.5.
# 50 epochs, batches of 8 x 16.
# The authors train every parameter at 3.5e-6, after a warm-up that falls from ten times that; here the rates are
# DeMo's, and idea_rgbnt100_authors.py has theirs.
# Needs data/RGBNT100 and its captions; see docs/data.md.
#   python tools/train.py configs/idea/idea_rgbnt100.py
_base_ = [
    '../_base_/models/idea_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256), num_cameras=8),
    num_words=1,
    prefixes=_base_._vehicle_prefixes,
    reach=21,
    branches=_base_._alone,
    test_features=('visual',),  # better than 'textual' here, by the authors' account
)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._augment, *_base_._test_captions]))
auto_scale_lr = dict(base_batch_size=128)
