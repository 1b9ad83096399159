# The plain baseline on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['baseline_vit-b16.py']

model = dict(backbone=dict(_base_._small_visual, batch_modalities=True))
