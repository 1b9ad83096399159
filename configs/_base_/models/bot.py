# Bag of Tricks: a network for each modality; center loss as in the paper's best variant.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='BoTReID',
    network=dict(type='BoTNetwork', image_size=(128, 256), trunk=_base_._no_stem_relu),
    fuse_loss='branch',
    branches={
        'whole': dict(
            test='after',
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=0.3),
                center=dict(type='CenterLoss', weight=5e-4, lr=0.5),
            ),
        )
    },
    test_features=['whole'],
)
