# The plain baseline of Table IV (a) on RGBNT201: one CLIP visual tower, the concatenated class tokens, no captions.
# 171 training identities, 50 epochs. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/baseline_rgbnt201.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/rgbnt201.py',
    '_base_/schedules/adam_50e.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=171)
