# ICPL-ReID on RGBNT201: 171 training identities; published mAP and R-1 75.1 and 77.4.
# 50 epochs, batches of 16 x 4.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_rgbnt201.py
_base_ = [
    '../_base_/models/icpl_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/adam_icpl.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=171,
)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
