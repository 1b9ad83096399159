# PromptMA on RGBNT100: 50 training identities; published mAP and R-1 85.3 and 97.4.
# 60 epochs, batches of 16 x 4.
# The authors squeeze vehicles to 256 x 128: promptma_rgbnt100_authors.py.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/promptma/promptma_rgbnt100.py
_base_ = [
    '../_base_/models/promptma_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/adam_promptma.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50, backbone=dict(image_size=(128, 256), num_prompted=6))
optim_wrapper = dict(optimizer=dict(lr=1e-5))
param_scheduler = [_base_._warm_up, dict(type='MultiStepLR', milestones=[19, 49], gamma=0.1, by_epoch=True)]
train_dataloader = dict(batch_size=64, batch_sampler=dict(num_instances=4))
