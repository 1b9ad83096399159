# The plain baseline on CLIP ViT-B/16, Table IV (a): the concatenated class tokens, no captions.
_base_ = ['clip_vit-b16.py']

model = dict(
    type='BaselineReID',
    backbone=dict(type='CLIPVisual'),
    branches=dict(
        classes=dict(
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=None),
            )
        )
    ),
)
