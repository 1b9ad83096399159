# NEXT on MSVR310.
# Needs data/MSVR310 and captions in data/MSVR310/text; see docs/data.md.
#   python tools/train.py configs/next_msvr310.py
# Without text (Table VIII):
#   python tools/train.py configs/next_msvr310.py --cfg-options model.text=None train_dataloader.dataset.caption_dir=None \
#       val_dataloader.dataset.caption_dir=None test_dataloader.dataset.caption_dir=None
_base_ = ['_base_/experiments/msvr310.py']
