# NEXT on RGBNT100: 50 training identities, 30 epochs.
# Needs data/RGBNT100 (docs/data.md) and captions in data/RGBNT100/text: none are
# published, make them (docs/captions.md).
#   python tools/train.py configs/next_rgbnt100.py
# Without text (Table VIII), which needs no captions:
#   python tools/train.py configs/next_rgbnt100.py --cfg-options model.text=None
_base_ = [
    '_base_/models/next_vit-b16.py',
    '_base_/datasets/rgbnt100.py',
    '_base_/schedules/adam_30e.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=50, backbone=dict(image_size=(128, 256)))  # height x width
