# OSNet on MSVR310: 155 training identities; published mAP and R-1 28.7 and 44.8.
# 1000 epochs, batches of 8 x 4.
# CCNet's recipe, whose repository has these three networks.
# Whether a triplet loss was on is not recorded.
# Needs data/MSVR310 and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_msvr310.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/strong_msvr310.py',
    '../_base_/schedules/strong_baseline_1000e.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155, network=dict(image_size=(128, 256)))
