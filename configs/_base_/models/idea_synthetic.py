# IDEA on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['idea_vit-b16.py']

model = dict(
    backbone=dict(_base_._small_visual, batch_modalities=True),
    text=_base_._small_clip,
)
