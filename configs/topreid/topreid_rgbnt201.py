# TOP-ReID on RGBNT201: 171 training identities; published mAP and R-1 72.3 and 76.6.
# 120 epochs, batches of 8 x 16.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/topreid/topreid_rgbnt201.py
_base_ = [
    '../_base_/models/topreid_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171)
optim_wrapper = dict(optimizer=dict(lr=0.009))
param_scheduler = dict(end=120, warmup=10, final=0.001)
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16))
auto_scale_lr = dict(base_batch_size=128)
