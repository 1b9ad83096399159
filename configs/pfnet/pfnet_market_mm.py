# PFNet on Market-MM: 751 training identities; published mAP and R-1 60.9 and 83.6.
# 120 epochs, batches of 8 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_market_mm.py
_base_ = [
    '../_base_/models/pfnet.py',
    '../_base_/datasets/plain_market_mm.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, backbone=dict(image_size=(256, 128)))
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[30], gamma=0.1)
train_cfg = dict(max_epochs=120)
