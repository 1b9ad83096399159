# TOP-ReID on RGBNT201, for its published mAP and R-1 of 72.3 and 76.6.
# As the authors run it: each modality is augmented by itself, and test pictures are resized bilinearly.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_rgbnt201_authors.py
_base_ = ['topreid_rgbnt201.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
