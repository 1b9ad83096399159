# NEXT on the small CLIP of the synthetic data (projects/synthetic), a size that two CPU cores train in minutes.
_base_ = ['next_vit-b16.py']

model = dict(
    backbone=dict(
        model_name='{{ fileDirname }}/../../../projects/synthetic/clip_synthetic.json',
        pretrained='data/synthetic/clip.pt',
        image_size=(64, 32),
        batch_modalities=True,
    ),
    text=dict(
        model_name='{{ fileDirname }}/../../../projects/synthetic/clip_synthetic.json',
        pretrained='data/synthetic/clip.pt',
    ),
    # Sixteen passes over 640 triplets are too few to learn from scratch that captions point: start from what the small
    # CLIP knows.
    neck=dict(semantic=dict(text_gain=10.0)),
)
