# The plain baseline on CLIP ViT-B/16, Table IV (a): the concatenated class tokens, no captions.
model = dict(
    type='BaselineReID',
    # Open in the paper; the peers' 0.5.
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='CLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
    ),
    branches=dict(
        classes=dict(
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=None),
            )
        )
    ),
)
