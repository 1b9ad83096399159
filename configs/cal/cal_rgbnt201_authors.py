# CAL on RGBNT201 with each picture augmented by itself, as three networks of its authors' would see it. The published
# mAP and R-1 are 27.6 and 24.3; no code for triplets is published. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/cal/cal_rgbnt201_authors.py
_base_ = ['cal_rgbnt201.py']

_apart = [*_base_._authors_augment[:3], dict(_base_._erase, prob=0.5, per_modality=True)]
train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_apart, *_base_._pack]))
