# ICPL-ReID on three frozen CLIP ViT-B/16 with adapters. A leaf may share one tower, prompts and heads.
_base_ = ['clip_vit-b16.py']

_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', weight=0.33),
        triplet=dict(type='TripletLoss', margin=0.3, weight=0.33),
    )
)
model = dict(
    type='ICPLReID',
    backbone=dict(type='AdapterCLIPVisual', towers='separate'),
    text=_base_._text,
    template='A photo of a {learned} person.',
    branches=dict(rgb=_branch, rgb_joint=_branch, nir=_branch, nir_joint=_branch, tir=_branch, tir_joint=_branch),
)
