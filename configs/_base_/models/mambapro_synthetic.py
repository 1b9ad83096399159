# MambaPro on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['mambapro_vit-b16.py']

model = dict(backbone=_base_._small_visual)
