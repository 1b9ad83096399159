# MambaPro on RGBNT201 as its authors run it, for their mAP and R-1 of 78.9 and 83.4:
# each modality is augmented by itself, test pictures are resized bilinearly, the position embedding too,
# and the cosine of the rates begins with the first epoch.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/mambapro/mambapro_rgbnt201_authors.py
_base_ = ['mambapro_rgbnt201.py']

model = dict(backbone=dict(position_filter='bilinear'))
param_scheduler = dict(_delete_=True, type='TransReIDLR', end=60, warmup=10, start=0.01, final=0.001)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
