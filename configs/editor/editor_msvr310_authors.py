# EDITOR on MSVR310, for its published mAP and R-1 of 39.0 and 49.3.
# As the authors run it: each modality is augmented by itself, and test pictures are resized bilinearly,
# though one selection of patches serves all three.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/editor/editor_msvr310_authors.py
_base_ = ['editor_msvr310.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
