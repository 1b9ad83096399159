# TransReID on RGBNT201: 171 training identities; published mAP and R-1 63.8 and 65.8.
# 120 epochs, batches of 16 x 4. How it was run on triplets is stated nowhere; this is a reconstruction
# (next_mm/methods/transreid/README.md), with its recipe for persons.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/transreid/transreid_rgbnt201.py
_base_ = [
    '../_base_/models/transreid_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
