# PFNet on Market-MM as in the history of IEEE's repository: each modality is mirrored by itself.
# Published mAP and R-1 60.9 and 83.6. Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_market_mm_authors.py
_base_ = ['pfnet_market_mm.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_authors, *_base_._pack]))
