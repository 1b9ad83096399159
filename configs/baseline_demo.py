# The plain baseline of Table IV (a) on the demo (synthetic): the concatenated class tokens, no captions. Needs nothing.
#   python tools/train.py configs/baseline_demo.py
_base_ = ['_base_/experiments/demo.py']

model = dict(text=None, neck=None, head=dict(type='ClassTokenHead'))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
