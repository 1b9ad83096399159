# IEEE on WMVEID863: 603 training identities; published mAP and R-1 45.9 and 48.6.
# 60 epochs, batches of 8 x 4.
# Run by others, whose recipe is not known: this is RGBNT201's.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/ieee/ieee_wmveid863.py
_base_ = [
    '../_base_/models/ieee.py',
    '../_base_/datasets/plain_wmveid863.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603, backbone=dict(image_size=(128, 256)))
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[20, 40], gamma=0.1)
train_cfg = dict(max_epochs=60)
