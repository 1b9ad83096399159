# AGW on MSVR310 with its authors' pictures: each is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation. The published mAP and R-1 are 8.9 and 46.9; no code for triplets is
# published. Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/agw/agw_msvr310_authors.py
_base_ = ['agw_msvr310.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
