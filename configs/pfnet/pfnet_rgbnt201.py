# PFNet on RGBNT201: 171 training identities; published mAP and R-1 38.5 and 38.9.
# 80 epochs, batches of 2 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_rgbnt201.py
_base_ = [
    '../_base_/models/pfnet.py',
    '../_base_/datasets/plain_rgbnt201.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171, backbone=dict(image_size=(256, 128)))
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[20], gamma=0.1)
