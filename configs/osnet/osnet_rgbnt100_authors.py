# OSNet on RGBNT100 as in CCNet's repository: each modality is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation.
# Published mAP and R-1 75.0 and 95.6. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_rgbnt100_authors.py
_base_ = ['osnet_rgbnt100.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
