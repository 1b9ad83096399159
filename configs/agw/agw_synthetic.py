# AGW on the synthetic data: a small network that starts from random weights.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/agw/agw_synthetic.py
_base_ = [
    '../_base_/models/agw.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80, network=dict(image_size=(64, 32), trunk=_base_._small_trunk))
