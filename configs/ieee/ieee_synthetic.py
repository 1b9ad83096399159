# IEEE on the synthetic data: a small network that starts from random weights.
# Cross entropy alone: at random weights the 3M loss draws the features of all identities together, even at a tenth.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/ieee/ieee_synthetic.py
_base_ = [
    '../_base_/models/ieee.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=80,
    inner=128,
    part_dim=64,
    margin_weight=0.0,
    backbone=dict(image_size=(64, 32), trunk=_base_._small_trunk),
)
