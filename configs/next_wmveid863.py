# NEXT on WMVEID863: 603 training identities, 50 epochs.
# Needs data/WMVEID863 and captions in data/WMVEID863/text; see docs/data.md.
#   python tools/train.py configs/next_wmveid863.py
# Without text (Table VIII), which needs no captions:
#   python tools/train.py configs/next_wmveid863.py --cfg-options model.text=None
_base_ = [
    '_base_/models/next_vit-b16.py',
    '_base_/datasets/wmveid863.py',
    '_base_/schedules/adam_50e.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=603, backbone=dict(image_size=(128, 256)))  # height x width
