# OSNet on Market-MM: 751 training identities; published mAP and R-1 39.7 and 69.3.
# 80 epochs, batches of 8 x 4.
# Trained as in the history of IEEE's repository: no crop, no erasing, features compared as they are.
# OSNet x0.5, cross entropy alone.
# Needs data/Market-1501-RGBNT and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_market_mm.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/plain_market_mm.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, network=_base_._half_width)
