# IEEE on RGBNT100: 50 training identities; published mAP and R-1 61.3 and 87.8.
# 60 epochs, batches of 8 x 4.
# Run by others, whose recipe is not known: this is RGBNT201's.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/ieee/ieee_rgbnt100.py
_base_ = [
    '../_base_/models/ieee.py',
    '../_base_/datasets/plain_rgbnt100.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50, backbone=dict(image_size=(128, 256)))
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[20, 40], gamma=0.1)
train_cfg = dict(max_epochs=60)
