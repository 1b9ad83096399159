# AGW: a network for each modality.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='AGWReID',
    network=dict(type='AGWNetwork', image_size=(128, 256), trunk=_base_._no_stem_relu),
    fuse_loss='branch',
    branches={
        'whole': dict(
            test='after',
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='WeightedTripletLoss', stable=False),  # True mends weights that vanish at a distance
                center=dict(type='CenterLoss', weight=5e-4, lr=0.5),
            ),
        )
    },
    test_features=['whole'],
)
