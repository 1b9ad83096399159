# PromptMA on MSVR310: 155 training identities; published mAP and R-1 55.2 and 64.5.
# 60 epochs, batches of 2 x 4.
# The authors squeeze vehicles to 256 x 128: promptma_msvr310_authors.py.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/promptma/promptma_msvr310.py
_base_ = [
    '../_base_/models/promptma_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/adam_promptma.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155, backbone=dict(image_size=(128, 256), num_prompted=6))
optim_wrapper = dict(optimizer=dict(lr=1e-5))
param_scheduler = [_base_._warm_up, dict(type='MultiStepLR', milestones=[59], gamma=0.1, by_epoch=True)]
train_dataloader = dict(batch_size=8)
auto_scale_lr = dict(base_batch_size=8)
