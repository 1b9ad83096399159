# The plain baseline of Table IV (a) on Market-MM: one CLIP visual tower, the concatenated class tokens, no captions.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/baseline_market_mm.py
_base_ = ['_base_/experiments/market_mm.py']

model = dict(text=None, neck=None, head=dict(type='ClassTokenHead'))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
