# NEXT on the synthetic data: rendered triplets and a small CLIP, both made on the first run.
# 80 training identities, 16 epochs. Needs nothing; about four minutes on two CPU cores.
#   python tools/train.py configs/next_synthetic.py
_base_ = [
    '_base_/models/next_synthetic.py',
    '_base_/datasets/synthetic.py',
    '_base_/schedules/adam_synthetic.py',
    '_base_/next_runtime.py',
]

model = dict(num_classes=80)
