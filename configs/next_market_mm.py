# NEXT on Market-MM.
# Needs data/Market-1501-RGBNT (docs/data.md) and captions in data/Market-1501-RGBNT/text: none are published, make them
# (docs/captions.md).
#   python tools/train.py configs/next_market_mm.py
# Without text (Table VIII):
#   python tools/train.py configs/next_market_mm.py --cfg-options model.text=None train_dataloader.dataset.caption_dir=None \
#       val_dataloader.dataset.caption_dir=None test_dataloader.dataset.caption_dir=None
_base_ = ['_base_/experiments/market_mm.py']
