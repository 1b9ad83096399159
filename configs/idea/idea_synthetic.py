# IDEA on the synthetic data: rendered triplets and a small CLIP, both made on the first run.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/idea/idea_synthetic.py
_base_ = [
    '../_base_/models/idea_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
optim_wrapper = dict(paramwise_cfg=_base_._rates)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._augment, *_base_._test_captions]))
