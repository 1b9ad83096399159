# HAMNet as in its authors' three-modality class.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='HAMNetReID',
    backbone=dict(type='TripletTrunks', image_size=(128, 256), trunk=_base_._no_stem_relu),
    fused_logits='classifier',  # 'votes': the later rewrite in CCNet's and IEEE's repositories
    heterogeneity_weight=0.001,
    branches=dict(
        identity=dict(
            bnneck=False,
            classifier_bias=True,
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.0),
                triplet=dict(type='TripletLoss', margin=0.3),
            ),
        )
    ),
    test_features=['fused'],
)
