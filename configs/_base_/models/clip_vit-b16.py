# What models on CLIP ViT-B/16 share, for pictures of persons, 256 x 128 (height x width).
_clip = dict(model_name='ViT-B-16-quickgelu', pretrained='openai')
_text = dict(type='CLIPText', **_clip)  # for methods that read captions
# For *_synthetic.py, the small CLIP of the synthetic data (projects/synthetic).
_small_clip = dict(
    model_name='{{ fileDirname }}/../../../projects/synthetic/clip_synthetic.json',
    pretrained='data/synthetic/clip.pt',
)
_small_visual = dict(_small_clip, image_size=(64, 32))
model = dict(
    # 0.5, as the peers: NEXT's paper leaves it open.
    data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(**_clip, image_size=(256, 128)),
)
