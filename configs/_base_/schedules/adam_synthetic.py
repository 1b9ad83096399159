# The recipe of the synthetic data: adam_50e.py shortened for a small model that was pretrained for minutes, not months.
_base_ = ['adam_50e.py']

optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(groups=dict(visual=dict(lr=2e-4))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=2, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0.0, begin=2, end=16, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=16, val_interval=4)
auto_scale_lr = dict(base_batch_size=32)
