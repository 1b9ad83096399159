# NEXT on CLIP ViT-B/16: the full model, Table IV (d). Pictures of persons, 256 x 128 (height x width).
# A leaf sets num_classes, and image_size for vehicles.
model = dict(
    type='NEXTReID',
    # Open in the paper; the peers' 0.5.
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='CLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
    ),
    text=dict(type='CLIPText', model_name='ViT-B-16-quickgelu', pretrained='openai'),
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
