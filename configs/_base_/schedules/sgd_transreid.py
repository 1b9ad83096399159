# The recipe of TransReID and of the methods that build on it: SGD, biases at twice the rate, TransReIDLR. A leaf gives
# rate, epochs, warm-up and batch; here are those of TransReID on persons, batches of 16 x 4.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.008, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2.0),
)
param_scheduler = dict(type='TransReIDLR', end=120, warmup=5)
train_cfg = dict(by_epoch=True, max_epochs=120, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=64)
