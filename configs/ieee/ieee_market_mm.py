# IEEE on Market-MM: 751 training identities; published mAP and R-1 64.3 and 83.9.
# 100 epochs, batches of 8 x 4.
# Its authors' recipe: no crop, no erasing, features compared as they are; classifiers alone learn in the first 5
# epochs.
# Needs data/Market-1501-RGBNT; see docs/data.md.
#   python tools/train.py configs/ieee/ieee_market_mm.py
_base_ = [
    '../_base_/models/ieee.py',
    '../_base_/datasets/plain_market_mm.py',
    '../_base_/schedules/sgd_plain.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=751, backbone=dict(image_size=(256, 128)), margin=3.0, classifiers_first=5)
param_scheduler = dict(_delete_=True, type='MultiStepLR', milestones=[30], gamma=0.1)
train_cfg = dict(max_epochs=100)
find_unused_parameters = True  # distributed: what does not learn yet has no gradient
