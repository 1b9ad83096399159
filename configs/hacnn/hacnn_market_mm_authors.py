# HACNN on Market-MM as in the history of IEEE's repository: each modality is mirrored by itself.
# Published mAP and R-1 42.9 and 69.1. Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/hacnn/hacnn_market_mm_authors.py
_base_ = ['hacnn_market_mm.py']

_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(160, 64), interpolation='bilinear')]
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._plain_authors, *_base_._pack]))
