# DeMo on RGBNT100 as its authors run it, for their mAP and R-1 of 86.2 and 97.6:
# each modality is augmented by itself, test pictures are resized bilinearly, the position embedding too,
# and every rate begins at 3.5e-5, falls with noise, along a cosine that began with the first epoch.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/demo/demo_rgbnt100_authors.py
_base_ = ['demo_rgbnt100.py']

model = dict(backbone=dict(position_filter='bilinear'))
param_scheduler = dict(_delete_=True, type='TransReIDLR', end=30, warmup=5, start=0.1, final=0.001, noise=0.67)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
