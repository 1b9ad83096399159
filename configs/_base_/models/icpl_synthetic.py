# ICPL-ReID on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['icpl_vit-b16.py']

model = dict(
    backbone=_base_._small_visual,
    text=_base_._small_clip,
)
