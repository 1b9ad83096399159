# HTT on one ImageNet tower, without a camera embedding.
# For *_mtt.py.
_test_time_training = dict(
    type='TestTimeTrainingLoop',
    epochs=6,
    batch_size=2,
    optim_wrapper=dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4),
        paramwise_cfg=dict(bias_lr_mult=2.0),
    ),
    param_scheduler=[dict(type='TransReIDLR', end=6, warmup=5)],
)
model = dict(
    type='HTTReID',
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(type='SideViT', image_size=(256, 128), pretrained='vit_base_patch16_224.orig_in21k_ft_in1k'),
    branches=dict(
        classes=dict(losses=dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss')), test='after'),
    ),
)
