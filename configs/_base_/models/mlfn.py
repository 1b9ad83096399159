# MLFN: a network for each modality, with torchreid's ImageNet weights as a local file.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='MLFNReID',
    network=dict(type='MLFN', image_size=(256, 128), pretrained='data/pretrained/mlfn_imagenet.pth'),
    fuse_loss='concat',
    branches={
        'whole': dict(
            bnneck=False,
            classifier_bias=True,
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1),
                triplet=dict(type='TripletLoss', margin=0.3),
            ),
        )
    },
    test_features=['whole'],
)
