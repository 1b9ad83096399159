# CCNet.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='CCNetReID',
    network=dict(type='CCNetwork', image_size=(128, 256), trunk=_base_._no_stem_relu),
    center_weight=0.3,
    modality_weight=0.6,
    branches={
        'whole': dict(
            test='before',  # or 'after' BNNeck; the paper does not say
            losses=dict(id=dict(type='CrossEntropy')),
        )
    },
    test_features=['whole'],
)
