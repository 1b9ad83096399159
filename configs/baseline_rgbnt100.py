# The plain baseline of Table IV (a) on RGBNT100: one CLIP visual tower, the concatenated class tokens, no captions.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/baseline_rgbnt100.py
_base_ = [
    '_base_/models/baseline_vit-b16.py',
    '_base_/datasets/rgbnt100.py',
    '_base_/schedules/adam_30e.py',
    '_base_/default_runtime.py',
]


model = dict(backbone=dict(image_size=(128, 256)), num_classes=50)  # height x width; training identities
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
