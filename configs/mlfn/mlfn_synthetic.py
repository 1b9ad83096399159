# MLFN on the synthetic data: a small network that starts from random weights.
# Cross entropy alone, see imagenet_cnn.py.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/mlfn/mlfn_synthetic.py
_base_ = [
    '../_base_/models/mlfn.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=80,
    network=dict(image_size=(64, 32), width=0.25, out_dim=512, pretrained=None),
    branches=dict(whole=dict(losses=_base_._scratch_losses)),
)
