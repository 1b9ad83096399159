# The plain baseline of Table IV (a) on synthetic data: the concatenated class tokens, no captions. Needs nothing.
#   python tools/train.py configs/baseline_synthetic.py
_base_ = [
    '_base_/models/baseline_synthetic.py',
    '_base_/datasets/synthetic.py',
    '_base_/schedules/adam_synthetic.py',
    '_base_/default_runtime.py',
]


custom_imports = dict(imports=['projects.synthetic'])
prepare = dict(type='SyntheticData', root='data/synthetic')  # renders the triplets and trains the small CLIP, once
model = dict(num_classes=80)  # training identities
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
