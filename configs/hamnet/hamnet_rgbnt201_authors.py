# HAMNet on RGBNT201 as in the history of IEEE's repository: each modality is mirrored by itself.
# Published mAP and R-1 27.7 and 26.3. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/hamnet/hamnet_rgbnt201_authors.py
_base_ = ['hamnet_rgbnt201.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_authors, *_base_._pack]))
