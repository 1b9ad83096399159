# CCNet on MSVR310: 155 training identities; published mAP and R-1 36.4 and 55.2.
# 1000 epochs, batches of 8 x 4.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/ccnet/ccnet_msvr310.py
_base_ = [
    '../_base_/models/ccnet.py',
    '../_base_/datasets/strong_msvr310.py',
    '../_base_/schedules/strong_baseline_1000e.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155)
