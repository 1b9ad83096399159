# EDITOR of a size that two CPU cores train in minutes.
_base_ = ['editor_vit-b16.py']

_small = dict(image_size=(64, 32), patch_size=8, stride=8, width=96, depth=6, num_heads=4, pretrained=None)
model = dict(backbone=_small, num_heads=4, head_keep=1, frequency_keep=4)
