# CLIP ViT-B/16 with a camera embedding on the class token, and the losses of the methods that descend from DeMo's.
_base_ = ['clip_vit-b16.py']

_branch = dict(
    losses=dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25),
        triplet=dict(type='TripletLoss', margin=None),
    )
)
_rates = dict(bias_lr_mult=2.0, groups=dict(visual=dict(bias_lr_mult=1.0)))  # over those of adam_50e.py
model = dict(backbone=dict(num_cameras=4, first_camera=1, camera_on='class'))
