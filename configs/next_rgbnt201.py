# NEXT on RGBNT201: 171 training identities, 50 epochs.
# Needs data/RGBNT201 and captions in data/RGBNT201/text; see docs/data.md.
#   python tools/train.py configs/next_rgbnt201.py
# Without text (Table VIII), which needs no captions:
#   python tools/train.py configs/next_rgbnt201.py --cfg-options model.text=None
_base_ = [
    '_base_/models/next_vit-b16.py',
    '_base_/datasets/rgbnt201.py',
    '_base_/schedules/adam_50e.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=171)
