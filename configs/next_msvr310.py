# NEXT on MSVR310: 155 training identities, 50 epochs.
# Needs data/MSVR310 and captions in data/MSVR310/text; see docs/data.md.
#   python tools/train.py configs/next_msvr310.py
# Without text (Table VIII), which needs no captions:
#   python tools/train.py configs/next_msvr310.py --cfg-options model.text=None
_base_ = [
    '_base_/models/next_vit-b16.py',
    '_base_/datasets/msvr310.py',
    '_base_/schedules/adam_50e.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=155, backbone=dict(image_size=(128, 256)))  # height x width
