# OSNet on RGBNT201: 171 training identities; published mAP and R-1 25.4 and 22.3.
# 80 epochs, batches of 2 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# OSNet x0.5.
# Needs data/RGBNT201 and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_rgbnt201.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/plain_rgbnt201.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=171,
    network=_base_._half_width,
    fuse_loss='concat',
    branches=dict(whole=dict(losses=dict(triplet=dict(type='TripletLoss', margin=0.3)))),
)
