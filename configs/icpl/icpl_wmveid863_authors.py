# ICPL-ReID on WMVEID863 as its authors run it, for their mAP and R-1 of 67.2 and 74.0:
# each modality is augmented by itself, test pictures are resized bilinearly, the position embedding too,
# and the prototypes are made with dropout.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/icpl/icpl_wmveid863_authors.py
_base_ = ['icpl_wmveid863.py']

model = dict(backbone=dict(position_filter='bilinear'), noisy_prototypes=True)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
