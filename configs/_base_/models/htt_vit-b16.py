# HTT on one ImageNet tower, without a camera embedding.
model = dict(
    type='HTTReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(type='SideViT', image_size=(256, 128), pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'),
    branches=dict(
        classes=dict(losses=dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss')), test='after'),
    ),
)
