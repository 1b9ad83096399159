# TransReID with camera embedding and jigsaw, stride 16: a network for each modality.
_whole = dict(losses=dict(id=dict(type='CrossEntropy', weight=0.5), triplet=dict(type='TripletLoss', weight=0.5)))
_local = dict(  # a quarter of the global branch's weights
    losses=dict(id=dict(type='CrossEntropy', weight=0.125), triplet=dict(type='TripletLoss', weight=0.125)),
    test_weight=0.25,
)
_locals = ['local1', 'local2', 'local3', 'local4']
model = dict(
    type='TransReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    networks='separate',
    network=dict(
        type='TransReIDNetwork',
        backbone=dict(
            type='SideViT', image_size=(256, 128), num_cameras=4, pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'
        ),
        shift=5,
    ),
    branches={'whole': _whole, **dict.fromkeys(_locals, _local)},
    test_features=['whole', *_locals],
)
