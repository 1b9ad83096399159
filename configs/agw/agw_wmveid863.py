# AGW on WMVEID863: 603 training identities; published mAP and R-1 30.3 and 35.3.
# 120 epochs, batches of 8 x 4.
# No code for triplets is published: three networks, each with the losses of its own paper, is the likeliest reading.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/agw/agw_wmveid863.py
_base_ = [
    '../_base_/models/agw.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603)
