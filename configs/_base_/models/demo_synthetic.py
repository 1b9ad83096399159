# DeMo on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['demo_vit-b16.py']

model = dict(backbone=dict(_base_._small_visual, batch_modalities=True))
