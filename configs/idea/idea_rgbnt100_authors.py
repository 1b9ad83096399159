# IDEA on RGBNT100 as its authors run it, for their mAP and R-1 of 87.2 and 96.5:
# each modality is augmented by itself, test pictures are resized bilinearly, the position embedding too,
# and every parameter learns at 3.5e-6, in a warm-up that falls from 3.5e-5, with noise.
# Its captions and the sentences in front of them are in the authors' repository; see next_mm/methods/idea/README.md.
# Needs data/RGBNT100 and its captions; see docs/data.md.
#   python tools/train.py configs/idea/idea_rgbnt100_authors.py
_base_ = ['idea_rgbnt100.py']

model = dict(backbone=dict(position_filter='bilinear'), absent_captions=True)
optim_wrapper = dict(optimizer=dict(lr=3.5e-6), paramwise_cfg=dict(_delete_=True))
param_scheduler = dict(_delete_=True, type='TransReIDLR', end=50, warmup=10, start=10.0, final=0.1, noise=0.67)
train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._authors_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._authors_captions]))
