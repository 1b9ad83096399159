# HAMNet on RGBNT201: 171 training identities; published mAP and R-1 27.7 and 26.3.
# 80 epochs, batches of 2 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# Its loss for persons is not known; this is that of the original class.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/hamnet/hamnet_rgbnt201.py
_base_ = [
    '../_base_/models/hamnet.py',
    '../_base_/datasets/plain_rgbnt201.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=171,
    backbone=dict(image_size=(256, 128)),
    branches=dict(identity=dict(losses=dict(id=dict(label_smoothing=0.1)))),
)
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[20], gamma=0.1)
