# DeMo on CLIP ViT-B/16. A leaf chooses the branches: persons learn from the class tokens together, vehicles from each
# alone.
_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', margin=None),
    )
)
_person_branches = dict(experts=_branch, classes=_branch)
_vehicle_branches = dict(experts=_branch, rgb=_branch, nir=_branch, tir=_branch)
_rates = dict(bias_lr_mult=2.0, groups=dict(visual=dict(bias_lr_mult=1.0)))  # over those of adam_50e.py
model = dict(
    type='DeMoReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='CLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
        num_cameras=4,
        first_camera=1,
        camera_on='class',
    ),
    num_heads=4,
)
