# OSNet on MSVR310 as in CCNet's repository: each modality is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation.
# Published mAP and R-1 28.7 and 44.8. Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_msvr310_authors.py
_base_ = ['osnet_msvr310.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
