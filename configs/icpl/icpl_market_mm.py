# ICPL-ReID on Market-MM: 751 training identities; published mAP and R-1 85.1 and 94.7.
# 50 epochs, batches of 16 x 4.
# Its recipe is not released; this is RGBNT201's.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_market_mm.py
_base_ = [
    '../_base_/models/icpl_vit-b16.py',
    '../_base_/datasets/market_mm.py',
    '../_base_/schedules/adam_icpl.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=751,
)
train_dataloader = dict(batch_sampler=dict(num_instances=4))
