# AGW on RGBNT100: 50 training identities; published mAP and R-1 73.1 and 92.7.
# 120 epochs, batches of 8 x 4.
# No code for triplets is published: three networks, each with the losses of its own paper, is the likeliest reading.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/agw/agw_rgbnt100.py
_base_ = [
    '../_base_/models/agw.py',
    '../_base_/datasets/strong_rgbnt100.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50)
