# What the convolutional methods share: pictures normalised as for ImageNet, and ResNet-50's trunk. "Bag of Tricks" and
# what descends from it have no ReLU in the stem, although the ImageNet weights were trained with it.
model = dict(
    data_preprocessor=dict(type='TripletPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
)
_trunk = dict(type='ResNet', pretrained='imagenet', stem_relu=True, last_stride=1)
_no_stem_relu = dict(_trunk, stem_relu=False)
_small_trunk = dict(pretrained=None, layers=(1, 1, 1, 1), width=16)  # of the synthetic data, from random weights
# Of the synthetic data, for networks without BNNeck: at random weights the farthest positive is several units farther
# than the nearest negative, so that the triplet loss draws all features together before a classifier has learnt.
_scratch_losses = dict(_delete_=True, id=dict(type='CrossEntropy', label_smoothing=0.1))
