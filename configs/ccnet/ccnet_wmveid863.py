# CCNet on WMVEID863: 603 training identities; published mAP and R-1 50.3 and 52.7.
# 120 epochs, batches of 8 x 4.
# Its recipe is not known; this is RGBNT100's.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/ccnet/ccnet_wmveid863.py
_base_ = [
    '../_base_/models/ccnet.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603)
