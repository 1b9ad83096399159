# MambaPro on a frozen CLIP ViT-B/16. A leaf chooses the branches: persons learn from the class tokens together,
# vehicles from each with one head for all.
_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', margin=None),
    )
)
_person_branches = dict(classes=_branch, fused=_branch)
_vehicle_branches = dict(each=_branch, fused=_branch)
model = dict(
    type='MambaProReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        type='PromptAdapterCLIPVisual',
        model_name='ViT-B-16-quickgelu',
        pretrained='openai',
        image_size=(256, 128),
        num_cameras=4,
        first_camera=1,
        camera_on='class',
    ),
)
