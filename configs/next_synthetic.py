# NEXT on the synthetic data: synthetic triplets and a small CLIP, both made on the first run. Needs nothing; about four minutes on two CPU cores.
#   python tools/train.py configs/next_synthetic.py
_base_ = ['_base_/experiments/synthetic.py']
