# PromptMA's recipe: biases at twice the rate, 60 epochs, 10 of them warm-up; a leaf gives the rate and its steps.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=2e-5, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2.0),
)
_warm_up = dict(type='LinearLR', start_factor=0.19, begin=0, end=10, by_epoch=True)
train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=64)
