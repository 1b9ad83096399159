# NEXT on the synthetic data's own small CLIP (projects/synthetic): the parts of next_vit-b16.py at a size that two CPU cores train in minutes.
model = dict(
    type='NEXTReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='CLIPVisual',
        model_name='projects/synthetic/clip_synthetic.json',
        pretrained='data/synthetic/clip.pt',
        image_size=(64, 32),
        passes='joint',
    ),
    text=dict(
        type='CLIPText', model_name='projects/synthetic/clip_synthetic.json', pretrained='data/synthetic/clip.pt'
    ),
    neck=dict(
        type='MultiGrainedExperts',
        # Sixteen passes over 640 triplets are too few to learn from scratch that captions point: start from what the small CLIP knows.
        semantic=dict(type='TMSE', num_experts=3, dropout=0.1, sampling='dynamic', router='multi', text_gain=10.0),
        structure=dict(type='CSSE', num_experts=3, dropout=0.1, router='share'),
    ),
    head=dict(type='MGFAHead'),
    branches=dict(
        experts=dict(
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=None),
            )
        )
    ),
)
