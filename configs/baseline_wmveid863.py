# The plain baseline of Table IV (a) on WMVEID863: one CLIP visual tower, the concatenated class tokens, no captions.
# 603 training identities, 50 epochs. Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/baseline_wmveid863.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/wmveid863.py',
    '_base_/schedules/adam_50e.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=603, backbone=dict(image_size=(128, 256)))  # height x width
