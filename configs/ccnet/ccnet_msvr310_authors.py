# CCNet on MSVR310 as its authors run it: each modality is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation.
# Published mAP and R-1 36.4 and 55.2. Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/ccnet/ccnet_msvr310_authors.py
_base_ = ['ccnet_msvr310.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
