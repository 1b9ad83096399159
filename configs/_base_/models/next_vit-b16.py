# NEXT on CLIP ViT-B/16: the full model, Table IV (d). Pictures of persons, 256 x 128 (height x width).
# A leaf sets num_classes, and image_size for vehicles.
_base_ = ['clip_vit-b16.py']

model = dict(
    type='NEXTReID',
    backbone=dict(type='CLIPVisual'),
    text=_base_._text,
    neck=dict(
        type='MultiGrainedExperts',
        semantic=dict(type='TMSE', num_experts=3, dropout=0.1, sampling='dynamic', router='multi'),
        structure=dict(type='CSSE', num_experts=3, dropout=0.1, router='share'),
    ),
    head=dict(type='MGFAHead'),
    branches=dict(
        experts=dict(
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),  # open in the paper; the peers'
                triplet=dict(type='TripletLoss', margin=None),  # open in the paper; soft margin as the peers
            )
        )
    ),
)
