# OSNet on WMVEID863: 603 training identities; published mAP and R-1 42.9 and 46.8.
# 120 epochs, batches of 8 x 4.
# CCNet's recipe, whose repository has these three networks; for this dataset nothing is recorded.
# Whether a triplet loss was on is not recorded.
# Needs data/WMVEID863 and torchreid's ImageNet weights; see docs/data.md.
#   python tools/train.py configs/osnet/osnet_wmveid863.py
_base_ = [
    '../_base_/models/osnet.py',
    '../_base_/datasets/strong_wmveid863.py',
    '../_base_/schedules/strong_baseline.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603, network=dict(image_size=(128, 256)))
