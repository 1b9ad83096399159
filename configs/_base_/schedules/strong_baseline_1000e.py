# strong_baseline.py as CCNet's authors run it on MSVR310: 1000 epochs, drops at the 200th and the 350th.
_base_ = ['strong_baseline.py']

param_scheduler = [
    dict(type='LinearLR', start_factor=0.109, begin=0, end=10, by_epoch=True),
    dict(type='MultiStepLR', milestones=[199, 349], gamma=0.1, by_epoch=True),
]
train_cfg = dict(max_epochs=1000, val_interval=50)
