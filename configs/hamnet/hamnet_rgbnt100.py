# HAMNet on RGBNT100: 50 training identities; published mAP and R-1 74.5 and 93.3.
# 120 epochs, batches of 8 x 4.
# The recipe of its authors, who train on another dataset; erasing 0.5.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/hamnet/hamnet_rgbnt100.py
_base_ = [
    '../_base_/models/hamnet.py',
    '../_base_/datasets/strong_rgbnt100.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50)
train_dataloader = dict(dataset=dict(pipeline=_base_._strong_pipeline))
