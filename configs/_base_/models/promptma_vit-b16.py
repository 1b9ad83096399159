# PromptMA on CLIP ViT-B/16.
_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', margin=0.3),
    ),
    test='after',
)
model = dict(
    type='PromptMAReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='ExchangingCLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
        num_prompted=9,
    ),
    branches=dict(rgb=_branch, nir=_branch, tir=_branch, fusion=_branch),
)
