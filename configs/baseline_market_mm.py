# The plain baseline of Table IV (a) on Market-MM: one CLIP visual tower, the concatenated class tokens, no captions.
# 751 training identities, 50 epochs. Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/baseline_market_mm.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/market_mm.py',
    '_base_/schedules/adam_50e.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=751)
