# ICPL-ReID's recipe: the prompts at their own rate and decay, biases of the rest at twice the rate; 50 epochs, 10 of
# them warm-up, and a tenth of the rate from epoch 30 and again from epoch 50.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=3e-4, weight_decay=5e-4),
    paramwise_cfg=dict(bias_lr_mult=2.0, groups=dict(prompts=dict(match=r'prompts\.', lr=3.5e-4, weight_decay=1e-4))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.19, begin=0, end=10, by_epoch=True),
    dict(type='MultiStepLR', milestones=[29, 49], gamma=0.1, by_epoch=True),
]
train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=64)
