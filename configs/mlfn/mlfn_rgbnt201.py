# MLFN on RGBNT201: 171 training identities; published mAP and R-1 26.1 and 24.2.
# 80 epochs, batches of 2 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# Needs data/RGBNT201 and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/mlfn/mlfn_rgbnt201.py
_base_ = [
    '../_base_/models/mlfn.py',
    '../_base_/datasets/plain_rgbnt201.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171)
