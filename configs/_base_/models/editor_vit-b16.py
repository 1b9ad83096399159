# EDITOR on one ImageNet tower (timm's name of the weights that its authors call vitb_16_224_21k).
_branch = dict(
    losses=dict(id=dict(type='CrossEntropy', label_smoothing=0.1), triplet=dict(type='TripletLoss', margin=None)),
    bnneck_bias=True,
)
model = dict(
    type='EDITORReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='SideViT', image_size=(256, 128), num_cameras=4, pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'
    ),
    branches=dict(fused=_branch, classes=_branch),  # the authors' AL = 1, for persons
)
