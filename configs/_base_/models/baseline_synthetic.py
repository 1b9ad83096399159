# The plain baseline on the small CLIP of the synthetic data, Table IV (a).
model = dict(
    type='BaselineReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='CLIPVisual',
        model_name='projects/synthetic/clip_synthetic.json',
        pretrained='data/synthetic/clip.pt',
        image_size=(64, 32),
        passes='joint',
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
