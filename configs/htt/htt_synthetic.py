# HTT on the synthetic data, with small towers that start from random weights.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/htt/htt_synthetic.py
_base_ = [
    '../_base_/models/htt_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
_augment = [step for step in _base_._augment if step['type'] != 'FlipTriplet']
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_augment, *_base_._train_captions]))
