# PromptMA on CLIP ViT-B/16.
_base_ = ['clip_vit-b16.py']

_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', margin=0.3),
    ),
    test='after',
)
model = dict(
    type='PromptMAReID',
    backbone=dict(type='ExchangingCLIPVisual', num_prompted=9),
    branches=dict(rgb=_branch, nir=_branch, tir=_branch, fusion=_branch),
)
