# PromptMA on RGBNT100 as its authors run it, for their mAP and R-1 of 85.3 and 97.4:
# each modality is cropped and erased by itself, test pictures are resized bilinearly, the position embedding too, and
# vehicles are squeezed to 256 x 128.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/promptma/promptma_rgbnt100_authors.py
_base_ = ['promptma_rgbnt100.py']

_load = dict(type='LoadTriplet')
_pictures = [_load, dict(type='ResizeTriplet', size=(256, 128))]
_test_pictures = [_load, dict(type='ResizeTriplet', size=(256, 128), interpolation='bilinear')]
_augment = [
    dict(type='DropModalities', prob=0.0),
    dict(type='FlipTriplet', prob=0.5),
    *_base_._authors_augment[2:],
]
model = dict(backbone=dict(image_size=(256, 128), position_filter='bilinear'))
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_test_pictures, *_base_._test_captions]))
