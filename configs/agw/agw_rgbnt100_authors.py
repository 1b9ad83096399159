# AGW on RGBNT100 with its authors' pictures: each is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation. The published mAP and R-1 are 73.1 and 92.7; no code for triplets is
# published. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/agw/agw_rgbnt100_authors.py
_base_ = ['agw_rgbnt100.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
