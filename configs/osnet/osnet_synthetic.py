# OSNet on the synthetic data: a small network that starts from random weights.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/osnet/osnet_synthetic.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80, network=dict(image_size=(64, 32), width=0.25, pretrained=None))
