# The recipe of "Bag of Tricks": Adam at 3.5e-4, 10 epochs of warm-up, a tenth of the rate from the 40th and again from
# the 70th epoch. Its repository gives biases the rate and the decay of the other weights.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=5e-4),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.109, begin=0, end=10, by_epoch=True),  # 0.01 + 0.099 e in epoch e
    dict(type='MultiStepLR', milestones=[39, 69], gamma=0.1, by_epoch=True),
]
train_cfg = dict(by_epoch=True, max_epochs=120, val_interval=10)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=32)
