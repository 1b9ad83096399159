# NEXT on RGBNT201.
# Needs data/RGBNT201 and captions in data/RGBNT201/text; see docs/data.md.
#   python tools/train.py configs/next_rgbnt201.py
# Without text (Table VIII):
#   python tools/train.py configs/next_rgbnt201.py --cfg-options model.text=None train_dataloader.dataset.caption_dir=None \
#       val_dataloader.dataset.caption_dir=None test_dataloader.dataset.caption_dir=None
_base_ = ['_base_/experiments/rgbnt201.py']
