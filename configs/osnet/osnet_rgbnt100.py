# OSNet on RGBNT100: 50 training identities; published mAP and R-1 75.0 and 95.6.
# 120 epochs, batches of 8 x 4.
# CCNet's recipe, whose repository has these three networks.
# Whether a triplet loss was on is not recorded.
# Needs data/RGBNT100 and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_rgbnt100.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/strong_rgbnt100.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50, network=dict(image_size=(128, 256)))
