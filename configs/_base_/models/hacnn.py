# HACNN: a network for each modality, from random weights.
_base_ = ['imagenet_cnn.py']

_branch = dict(
    bnneck=False,
    classifier_bias=True,
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1),
        triplet=dict(type='TripletLoss', margin=0.3),
    ),
)
model = dict(
    type='HACNNReID',
    network=dict(type='HACNN', image_size=(160, 64)),
    fuse_loss='concat',
    branches=dict(whole=_branch, local=_branch),
    test_features=['whole', 'local'],
)
