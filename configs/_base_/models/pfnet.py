# PFNet as its authors' group keeps it for persons.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='PFNetReID',
    backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=_base_._trunk),
    branches=dict(
        part=dict(
            bnneck=False,
            classifier_bias=True,
            losses=dict(id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.1)),  # the mean of ten
        ),
        all=dict(bnneck=False, classifier=False, losses=dict(triplet=dict(type='TripletLoss', margin=0.3))),
    ),
    test_features=['all'],
)
