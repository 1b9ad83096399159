# PFNet on WMVEID863: 603 training identities; published mAP and R-1 50.1 and 55.9.
# 120 epochs, batches of 8 x 4.
# CCNet's recipe for RGBNT100: for this dataset nothing is recorded.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_wmveid863.py
_base_ = [
    '../_base_/models/pfnet.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=603,
    backbone=dict(image_size=(128, 256)),
    branches=dict(part=dict(losses=dict(id=dict(label_smoothing=0.0)))),
)
