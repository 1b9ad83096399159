# PromptMA on RGBNT201: 171 training identities; published mAP and R-1 78.4 and 80.9.
# 60 epochs, batches of 8 x 4.
# Needs data/RGBNT201; see docs/data.md.
#   python tools/train.py configs/promptma/promptma_rgbnt201.py
_base_ = [
    '../_base_/models/promptma_vit-b16.py',
    '../_base_/datasets/rgbnt201.py',
    '../_base_/schedules/adam_promptma.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=171, backbone=dict(num_prompted=9))
optim_wrapper = dict(optimizer=dict(lr=2e-5))
param_scheduler = [_base_._warm_up, dict(type='MultiStepLR', milestones=[15, 20], gamma=0.1, by_epoch=True)]
train_dataloader = dict(batch_size=32, batch_sampler=dict(num_instances=4))
auto_scale_lr = dict(base_batch_size=32)
