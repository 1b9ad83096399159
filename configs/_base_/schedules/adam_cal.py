# CAL: Adam at 2e-4 with decay 1e-3, a tenth of the rate from the 41st, the 81st and the 121st of 160 epochs.
_base_ = ['strong_baseline.py']

optim_wrapper = dict(optimizer=dict(lr=2e-4, weight_decay=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=11, by_epoch=True),  # 0.01 + 0.099 e, e counted from 0
    dict(type='MultiStepLR', milestones=[40, 80, 120], gamma=0.1, by_epoch=True),
]
train_cfg = dict(max_epochs=160)
