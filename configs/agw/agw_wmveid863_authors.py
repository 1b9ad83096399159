# AGW on WMVEID863 with its authors' pictures: each is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation. The published mAP and R-1 are 30.3 and 35.3; no code for triplets is
# published. Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/agw/agw_wmveid863_authors.py
_base_ = ['agw_wmveid863.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
