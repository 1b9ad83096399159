# HACNN on RGBNT201 as in the history of IEEE's repository: each modality is mirrored by itself.
# Published mAP and R-1 21.3 and 19.0. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/hacnn/hacnn_rgbnt201_authors.py
_base_ = ['hacnn_rgbnt201.py']

_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(160, 64), interpolation='bilinear')]
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._plain_authors, *_base_._pack]))
