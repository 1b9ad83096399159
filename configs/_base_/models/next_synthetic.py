# NEXT on the small CLIP of the synthetic data (projects/synthetic), a size that two CPU cores train in minutes.
_base_ = ['next_vit-b16.py']

model = dict(
    backbone=dict(_base_._small_visual, batch_modalities=True),
    text=_base_._small_clip,
    # Sixteen passes over 640 triplets are too few to learn from scratch that captions point: start from what the small
    # CLIP knows.
    neck=dict(semantic=dict(text_gain=10.0)),
)
