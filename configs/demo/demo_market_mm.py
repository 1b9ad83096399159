# DeMo on Market-MM: 751 training identities; published mAP and R-1 83.6 and 93.1.
# 50 epochs, batches of 8 x 8.
# Its recipe is not released; this is RGBNT201's.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/demo/demo_market_mm.py
_base_ = [
    '../_base_/models/demo_vit-b16.py',
    '../_base_/datasets/market_mm.py',
    '../_base_/schedules/adam_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, backbone=dict(num_cameras=6), branches=_base_._person_branches)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
