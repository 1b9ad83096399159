# The plain baseline of Table IV (a) on RGBNT100: one CLIP visual tower, the concatenated class tokens, no captions.
# 50 training identities, 30 epochs. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/baseline_rgbnt100.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/rgbnt100.py',
    '_base_/schedules/adam_30e.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=50, backbone=dict(image_size=(128, 256)))  # height x width
