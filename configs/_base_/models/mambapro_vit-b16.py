# MambaPro on a frozen CLIP ViT-B/16. A leaf chooses the branches: persons learn from the class tokens together,
# vehicles from each with one head for all.
_base_ = ['clip_cameras_vit-b16.py']

_person_branches = dict(classes=_base_._branch, fused=_base_._branch)
_vehicle_branches = dict(each=_base_._branch, fused=_base_._branch)
model = dict(
    type='MambaProReID',
    backbone=dict(type='PromptAdapterCLIPVisual'),
)
