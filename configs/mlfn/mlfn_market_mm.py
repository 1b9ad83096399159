# MLFN on Market-MM: 751 training identities; published mAP and R-1 42.7 and 68.1.
# 120 epochs, batches of 8 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# Adam at 1e-3.
# Needs data/Market-1501-RGBNT and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/mlfn/mlfn_market_mm.py
_base_ = [
    '../_base_/models/mlfn.py',
    '../_base_/datasets/plain_market_mm.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-3, weight_decay=5e-4))
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[30], gamma=0.1)
train_cfg = dict(max_epochs=120)
