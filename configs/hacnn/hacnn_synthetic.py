# HACNN on the synthetic data: a small network that starts from random weights. Pictures of 64 x 32 in the place of
# 160 x 64.
# Cross entropy alone, see imagenet_cnn.py.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/hacnn/hacnn_synthetic.py
_base_ = [
    '../_base_/models/hacnn.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_classes=80,
    network=dict(image_size=(64, 32), widths=(32, 64, 96), region_size=(8, 8), out_dim=256),
    branches=dict(whole=dict(losses=_base_._scratch_losses), local=dict(losses=_base_._scratch_losses)),
)
