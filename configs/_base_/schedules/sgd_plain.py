# The recipe for persons in IEEE's repository, which is torchreid's: SGD at 1e-3, a tenth of the rate from the 61st
# of 80 epochs. Methods differ in where the rate drops.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4),
)
param_scheduler = dict(type='MultiStepLR', milestones=[60], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=80, val_interval=10)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=32)
