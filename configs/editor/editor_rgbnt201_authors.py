# EDITOR on RGBNT201, for its published mAP and R-1 of 66.5 and 68.3.
# As the authors run it: each modality is augmented by itself, and test pictures are resized bilinearly,
# though one selection of patches serves all three.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/editor/editor_rgbnt201_authors.py
_base_ = ['editor_rgbnt201.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
