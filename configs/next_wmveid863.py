# NEXT on WMVEID863.
# Needs data/WMVEID863 and captions in data/WMVEID863/text; see docs/data.md.
#   python tools/train.py configs/next_wmveid863.py
# Without text (Table VIII):
#   python tools/train.py configs/next_wmveid863.py --cfg-options model.text=None train_dataloader.dataset.caption_dir=None \
#       val_dataloader.dataset.caption_dir=None test_dataloader.dataset.caption_dir=None
_base_ = ['_base_/experiments/wmveid863.py']
