# IEEE on Market-MM as its authors run it: each modality is mirrored by itself.
# Published mAP and R-1 64.3 and 83.9. Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/ieee/ieee_market_mm_authors.py
_base_ = ['ieee_market_mm.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_authors, *_base_._pack]))
