# HAMNet on WMVEID863: 603 training identities; published mAP and R-1 45.6 and 48.5.
# 120 epochs, batches of 8 x 4.
# The recipe of its authors, who train on another dataset; erasing 0.5.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/hamnet/hamnet_wmveid863.py
_base_ = [
    '../_base_/models/hamnet.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603)
train_dataloader = dict(dataset=dict(pipeline=_base_._strong_pipeline))
