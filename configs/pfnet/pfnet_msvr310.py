# PFNet on MSVR310: 155 training identities; published mAP and R-1 23.5 and 37.4.
# 1000 epochs, batches of 8 x 4.
# CCNet's recipe, with the network that its authors' group keeps for persons; the one in CCNet's repository is in
# pfnet_msvr310_authors.py.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_msvr310.py
_base_ = [
    '../_base_/models/pfnet.py',
    '../_base_/datasets/strong_msvr310.py',
    '../_base_/schedules/strong_baseline_1000e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=155,
    backbone=dict(image_size=(128, 256)),
    branches=dict(part=dict(losses=dict(id=dict(label_smoothing=0.0)))),
)
