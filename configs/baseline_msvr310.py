# The plain baseline of Table IV (a) on MSVR310: one CLIP visual tower, the concatenated class tokens, no captions.
# 155 training identities, 50 epochs. Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/baseline_msvr310.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/msvr310.py',
    '_base_/schedules/adam_50e.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=155, backbone=dict(image_size=(128, 256)))  # height x width
