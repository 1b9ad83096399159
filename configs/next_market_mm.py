# NEXT on Market-MM: 751 training identities, 50 epochs.
# Needs data/Market-1501-RGBNT (docs/data.md) and captions in data/Market-1501-RGBNT/text: none are
# published, make them (docs/captions.md).
#   python tools/train.py configs/next_market_mm.py
# Without text (Table VIII), which needs no captions:
#   python tools/train.py configs/next_market_mm.py --cfg-options model.text=None
_base_ = [
    '_base_/models/next_vit-b16.py',
    '_base_/datasets/market_mm.py',
    '_base_/schedules/adam_50e.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=751)
