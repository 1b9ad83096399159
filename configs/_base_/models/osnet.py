# OSNet x1.0: a network for each modality, with torchreid's ImageNet weights as a local file.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='OSNetReID',
    network=dict(type='OSNet', image_size=(256, 128), width=1.0, pretrained='data/pretrained/osnet_x1_0_imagenet.pth'),
    fuse_loss='branch',
    branches={
        'whole': dict(
            bnneck=False,
            classifier_bias=True,
            losses=dict(id=dict(type='CrossEntropy', label_smoothing=0.1)),
        )
    },
    test_features=['whole'],
)
_half_width = dict(width=0.5, pretrained='data/pretrained/osnet_x0_5_imagenet.pth')
