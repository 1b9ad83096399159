# IEEE on RGBNT201 as its authors run it: each modality is mirrored by itself.
# Published mAP and R-1 46.4 and 47.1. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/ieee/ieee_rgbnt201_authors.py
_base_ = ['ieee_rgbnt201.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_authors, *_base_._pack]))
