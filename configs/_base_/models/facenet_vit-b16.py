# FACENet on three ImageNet towers, without a camera embedding.
_branch = dict(losses=dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss')))
model = dict(
    type='FACENetReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(type='SideViT', image_size=(128, 256), pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'),
    flare='sample',
    rgb_rest='own',
    branches=dict(rgb=_branch, nir=_branch, tir=_branch),
)
