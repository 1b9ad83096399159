# adam_50e.py with 30 epochs, 5 of them warm-up: what the family (DeMo) uses for RGBNT100; NEXT states neither.
_base_ = ['adam_50e.py']

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=5, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0.0, begin=5, end=30, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=30)
auto_scale_lr = dict(base_batch_size=128)  # 8 identities x 16 triplets
