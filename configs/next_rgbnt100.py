# NEXT on RGBNT100.
# Needs data/RGBNT100 and captions in data/RGBNT100/text: none are published, make them (docs/captions.md); see docs/data.md.
#   python tools/train.py configs/next_rgbnt100.py
# Without text (Table VIII):
#   python tools/train.py configs/next_rgbnt100.py --cfg-options model.text=None train_dataloader.dataset.caption_dir=None \
#       val_dataloader.dataset.caption_dir=None test_dataloader.dataset.caption_dir=None
_base_ = ['_base_/experiments/rgbnt100.py']
