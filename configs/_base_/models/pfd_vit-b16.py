# PFD with two decoder layers: a network for each modality, one pose network for all (a file that the user brings,
# next_mm/methods/pfd/README.md).
_whole = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', weight=0.25, on='normed'),
    ),
    test='after',
)
_each = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25 / 17),
        triplet=dict(type='TripletLoss', weight=0.25 / 17),
    ),
    test_weight=1 / 17,
)
_parts = [f'part{number}' for number in range(1, 18)]
_views = [f'view{number}' for number in range(1, 18)]
model = dict(
    type='PFDReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    networks='separate',
    pose=dict(type='HRNetPose', weights='data/pose_hrnet_w48_384x288.pth'),
    push=True,
    network=dict(
        type='PFDNetwork',
        backbone=dict(
            type='SideViT', image_size=(256, 128), num_cameras=4, pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'
        ),
        decoder_depth=2,
        threshold=0.3,
    ),
    branches={
        'whole': _whole,
        **{name: dict(_each, test='after') for name in _parts},
        'view': _whole,
        **dict.fromkeys(_views, _each),
    },
    test_features=['whole', *_parts, 'view', *_views],
)
