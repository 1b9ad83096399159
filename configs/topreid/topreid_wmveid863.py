# TOP-ReID on WMVEID863: 603 training identities; published mAP and R-1 67.7 and 75.3.
# 120 epochs, batches of 8 x 16.
# Its recipe is not released; this is RGBNT100's.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_wmveid863.py
_base_ = [
    '../_base_/models/topreid_vit-b16.py',
    '../_base_/datasets/wmveid863.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=603, backbone=dict(image_size=(128, 256), num_cameras=8, first_camera=0))
optim_wrapper = dict(optimizer=dict(lr=0.009))
param_scheduler = dict(end=120, warmup=10, final=0.001)
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16))
auto_scale_lr = dict(base_batch_size=128)
