# HAMNet on the synthetic data: a small network that starts from random weights.
# Cross entropy alone, see imagenet_cnn.py.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/hamnet/hamnet_synthetic.py
_base_ = [
    '../_base_/models/hamnet.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=80,
    backbone=dict(image_size=(64, 32), trunk=_base_._small_trunk),
    branches=dict(identity=dict(losses=dict(_delete_=True, id=dict(type='CrossEntropy')))),
)
