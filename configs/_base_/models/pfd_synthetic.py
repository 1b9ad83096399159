# PFD of a size that two CPU cores train in minutes.
_base_ = ['pfd_vit-b16.py']

_small = dict(image_size=(64, 32), patch_size=8, stride=8, width=96, depth=6, num_heads=4, pretrained=None)
model = dict(
    pose=dict(_delete_=True, type='StandingPose'),  # every figure stands upright, so no pose network is needed
    network=dict(backbone=_small, num_heads=4, hidden=192),
)
