# CCNet on RGBNT100: 50 training identities; published mAP and R-1 77.2 and 96.3.
# 120 epochs, batches of 8 x 4.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/ccnet/ccnet_rgbnt100.py
_base_ = [
    '../_base_/models/ccnet.py',
    '../_base_/datasets/strong_rgbnt100.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50)
