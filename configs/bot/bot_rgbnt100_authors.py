# BoT on RGBNT100 with its authors' pictures: each is augmented by itself, and erased boxes have the colour
# 0.485, 0.456, 0.406 after normalisation. The published mAP and R-1 are 78.0 and 95.1; no code for triplets is
# published. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/bot/bot_rgbnt100_authors.py
_base_ = ['bot_rgbnt100.py']

train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
