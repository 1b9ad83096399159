# DeMo on CLIP ViT-B/16. A leaf chooses the branches: persons learn from the class tokens together, vehicles from each
# alone.
_base_ = ['clip_cameras_vit-b16.py']

_person_branches = dict(experts=_base_._branch, classes=_base_._branch)
_vehicle_branches = dict(experts=_base_._branch, rgb=_base_._branch, nir=_base_._branch, tir=_base_._branch)
model = dict(
    type='DeMoReID',
    backbone=dict(type='CLIPVisual'),
    num_heads=4,
)
