# TOP-ReID on MSVR310: 155 training identities; published mAP and R-1 35.9 and 44.6.
# 1000 epochs, batches of 8 x 16.
# The authors squeeze vehicles to 256 x 128: topreid_msvr310_authors.py.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_msvr310.py
_base_ = [
    '../_base_/models/topreid_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155, backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0))
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=1000, warmup=100, final=0.001)
train_cfg = dict(max_epochs=1000, val_interval=50)
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16))
auto_scale_lr = dict(base_batch_size=128)
