# PromptMA on RGBNT201 as its authors run it, for their mAP and R-1 of 78.4 and 80.9:
# each modality is cropped and erased by itself, test pictures are resized bilinearly, the position embedding too.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/promptma/promptma_rgbnt201_authors.py
_base_ = ['promptma_rgbnt201.py']

_augment = [
    dict(type='DropModalities', prob=0.0),
    dict(type='FlipTriplet', prob=0.5),
    *_base_._authors_augment[2:],
]
model = dict(backbone=dict(position_filter='bilinear'))
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
