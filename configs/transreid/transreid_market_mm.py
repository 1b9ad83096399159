# TransReID on Market-MM: 751 training identities; published mAP and R-1 73.0 and 88.9.
# 120 epochs, batches of 16 x 4. How it was run on triplets is stated nowhere; this is a reconstruction
# (next_mm/methods/transreid/README.md), with its recipe for persons.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/transreid/transreid_market_mm.py
_base_ = [
    '../_base_/models/transreid_vit-b16.py',
    '../_base_/datasets/market_mm.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, network=dict(backbone=dict(num_cameras=6)))
train_dataloader = dict(batch_sampler=dict(num_instances=4))
