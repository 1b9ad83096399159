# HACNN on RGBNT201: 171 training identities; published mAP and R-1 21.3 and 19.0.
# 80 epochs, batches of 2 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# From random weights, pictures of 160 x 64.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/hacnn/hacnn_rgbnt201.py
_base_ = [
    '../_base_/models/hacnn.py',
    '../_base_/datasets/plain_rgbnt201.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171)
param_scheduler = dict(_delete_=True, type='ConstantLR', factor=1.0)
_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(160, 64), interpolation='bilinear')]
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._plain_augment, *_base_._pack]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._pack]))
