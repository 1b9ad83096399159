# IDEA on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['idea_vit-b16.py']

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
)
