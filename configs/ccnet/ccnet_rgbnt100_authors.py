# CCNet on RGBNT100 as its authors run it: each modality is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation.
# Published mAP and R-1 77.2 and 96.3. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/ccnet/ccnet_rgbnt100_authors.py
_base_ = ['ccnet_rgbnt100.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
