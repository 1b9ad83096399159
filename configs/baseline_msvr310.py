# The plain baseline of Table IV (a) on MSVR310: one CLIP visual tower, the concatenated class tokens, no captions.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/baseline_msvr310.py
_base_ = ['_base_/experiments/msvr310.py']

model = dict(text=None, neck=None, head=dict(type='ClassTokenHead'))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
