# PFNet on RGBNT100 as in CCNet's repository, likely for the published row: spatial gates on a trunk without batch
# norm, ReLU and max-pool in its stem, one classifier for both halves of RGB, eleven cross entropies summed up; each
# modality is augmented by itself, and erased boxes have the colour 0.485, 0.456, 0.406 after normalisation.
# Published mAP and R-1 68.1 and 94.1. Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/pfnet/pfnet_rgbnt100_authors.py
_base_ = ['pfnet_rgbnt100.py']

_trunk = dict(type='ResNet', pretrained='imagenet', stem_norm=False, stem_relu=False, maxpool=False, last_stride=2)
_plain = dict(type='CrossEntropy', label_smoothing=0.0, weight=1.0)
model = dict(
    backbone=dict(trunk=dict(_delete_=True, type='GatedTrunk', trunk=_trunk)),
    share_rgb_classifier=True,
    branches=dict(
        part=dict(losses=dict(id=_plain)),
        all=dict(classifier=True, classifier_bias=True, losses=dict(id=_plain)),
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_._authors_pipeline))
