# IEEE.
_base_ = ['imagenet_cnn.py']

model = dict(
    type='IEEEReID',
    backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=_base_._trunk),
    margin=1.0,
    branches=dict(
        part=dict(
            bnneck=False,
            classifier_bias=True,
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1, weight=1 / 6)
            ),  # the mean of a modality's six
        )
    ),
)
