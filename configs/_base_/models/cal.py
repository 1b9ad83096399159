# CAL: a network for each modality; the classifiers' scores are compared.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='CALReID',
    network=dict(type='CALNetwork', image_size=(256, 128), trunk=_base_._no_stem_relu),
    fuse_loss='branch',
    branches={
        'whole': dict(
            test='logits',  # 'after' compares the embedding behind BNNeck
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=0.3),
            ),
        )
    },
    test_features=['whole'],
    mirrored=True,
)
