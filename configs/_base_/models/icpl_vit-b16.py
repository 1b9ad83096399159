# ICPL-ReID on three frozen CLIP ViT-B/16 with adapters. A leaf may share one tower, prompts and heads.
_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', weight=0.33),
        triplet=dict(type='TripletLoss', margin=0.3, weight=0.33),
    )
)
model = dict(
    type='ICPLReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='AdapterCLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
        towers='separate',
    ),
    text=dict(type='CLIPText', model_name='ViT-B-16-quickgelu', pretrained='openai'),
    template='A photo of a {learned} person.',
    branches=dict(rgb=_branch, rgb_joint=_branch, nir=_branch, nir_joint=_branch, tir=_branch, tir_joint=_branch),
)
