# Adam at 3.5e-4 with weight decay 1e-4: stated by NEXT. Everything else here NEXT leaves open; it is the family's
# recipe (DeMo, IDEA): the visual tower's own rate, 50 epochs, 10 of warm-up, cosine.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='ReIDOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=3.5e-4, weight_decay=1e-4),
    # 5e-6: not stated; DeMo's rate for CLIP. The camera embedding is not pretrained, so it learns as fast as the rest.
    paramwise_cfg=dict(groups=dict(visual=dict(match=r'backbone\.(?!camera_embedding)', lr=5e-6))),
)

# Both schedules scale each group's own rate. (DeMo's and IDEA's warm-up starts all groups at 3.5e-5, so that their
# tower warms down from seven times its rate, and their cosine adds noise to every step: neither is done here.)
param_scheduler = [  # not stated
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0.0, begin=10, end=50, by_epoch=True, convert_to_iter_based=True),
]

# 50 epochs: not stated; the last epoch is always validated.
train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=5)
val_cfg = dict()
test_cfg = dict()
# 8 identities x 8 triplets; tools/train.py --auto-scale-lr turns it on.
auto_scale_lr = dict(enable=False, base_batch_size=64)
