# TOP-ReID on RGBNT100: 50 training identities; published mAP and R-1 81.2 and 96.4.
# 120 epochs, batches of 8 x 16.
# The authors squeeze vehicles to 256 x 128: topreid_rgbnt100_authors.py.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_rgbnt100.py
_base_ = [
    '../_base_/models/topreid_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50, backbone=dict(image_size=(128, 256), num_cameras=8))
optim_wrapper = dict(optimizer=dict(lr=0.009))
param_scheduler = dict(end=120, warmup=10, final=0.001)
auto_scale_lr = dict(base_batch_size=128)
