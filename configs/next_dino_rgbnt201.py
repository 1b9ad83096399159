# NEXT on RGBNT201 with DINO's ViT-B/16 in the place of CLIP's visual tower; CLIP encodes the captions.
# Needs data/RGBNT201 and captions in data/RGBNT201/text (docs/data.md), and DINO's weights: timm downloads them on
# first use, or name a local file with model.backbone.pretrained=PATH. The recipe is that of CLIP's
# tower, not tuned for this.
#   python tools/train.py configs/next_dino_rgbnt201.py
_base_ = ['next_rgbnt201.py']

model = dict(
    # What DINO's weights were trained with.
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True, type='TimmVisual', model_name='vit_base_patch16_224.dino', pretrained=True, image_size=(256, 128)
    ),
)
