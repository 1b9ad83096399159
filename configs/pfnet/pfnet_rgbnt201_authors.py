# PFNet on RGBNT201 as in the history of IEEE's repository: each modality is mirrored by itself.
# Published mAP and R-1 38.5 and 38.9. Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_rgbnt201_authors.py
_base_ = ['pfnet_rgbnt201.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_authors, *_base_._pack]))
