# The plain baseline of Table IV (a) on WMVEID863: one CLIP visual tower, the concatenated class tokens, no captions.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/baseline_wmveid863.py
_base_ = ['_base_/experiments/wmveid863.py']

model = dict(text=None, neck=None, head=dict(type='ClassTokenHead'))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
