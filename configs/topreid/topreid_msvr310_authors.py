# TOP-ReID on MSVR310, for its published mAP and R-1 of 35.9 and 44.6.
# As the authors run it: each modality is augmented by itself, and test pictures are resized bilinearly,
# and vehicles are squeezed to 256 x 128.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_msvr310_authors.py
_base_ = ['topreid_msvr310.py']

_load = dict(type='LoadTriplet')
_pictures = [_load, dict(type='ResizeTriplet', size=(256, 128))]
_test_pictures = [_load, dict(type='ResizeTriplet', size=(256, 128), interpolation='bilinear')]
model = dict(backbone=dict(image_size=(256, 128)))
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_test_pictures, *_base_._test_captions]))
