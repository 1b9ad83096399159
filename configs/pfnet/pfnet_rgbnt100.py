# PFNet on RGBNT100: 50 training identities; published mAP and R-1 68.1 and 94.1.
# 120 epochs, batches of 8 x 4.
# CCNet's recipe, with the network that its authors' group keeps for persons; the one in CCNet's repository is in
# pfnet_rgbnt100_authors.py.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_rgbnt100.py
_base_ = [
    '../_base_/models/pfnet.py',
    '../_base_/datasets/strong_rgbnt100.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=50,
    backbone=dict(image_size=(128, 256)),
    branches=dict(part=dict(losses=dict(id=dict(label_smoothing=0.0)))),
)
