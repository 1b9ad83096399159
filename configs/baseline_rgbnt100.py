# The plain baseline of Table IV (a) on RGBNT100: one CLIP visual tower, the concatenated class tokens, no captions.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/baseline_rgbnt100.py
_base_ = ['_base_/experiments/rgbnt100.py']

model = dict(text=None, neck=None, head=dict(type='ClassTokenHead'))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
