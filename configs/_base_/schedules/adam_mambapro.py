# MambaPro's recipe: one rate for all that is learnt beside the frozen tower, biases at twice the rate, 60 epochs, 10 of
# them warm-up, cosine.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0.0, begin=10, end=60, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=64)
