# HACNN on Market-MM: 751 training identities; published mAP and R-1 42.9 and 69.1.
# 120 epochs, batches of 8 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# From random weights, pictures of 160 x 64.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/hacnn/hacnn_market_mm.py
_base_ = [
    '../_base_/models/hacnn.py',
    '../_base_/datasets/plain_market_mm.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751)
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[30], gamma=0.1)
train_cfg = dict(max_epochs=120)
_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(160, 64), interpolation='bilinear')]
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._plain_augment, *_base_._pack]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._pack]))
