# EDITOR on Market-MM, for its published mAP and R-1 of 77.4 and 90.8.
# As the authors run it: each modality is augmented by itself, and test pictures are resized bilinearly,
# though one selection of patches serves all three.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/editor/editor_market_mm_authors.py
_base_ = ['editor_market_mm.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
