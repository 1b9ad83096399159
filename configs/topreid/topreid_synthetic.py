# TOP-ReID on the synthetic data, with small towers that start from random weights.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/topreid/topreid_synthetic.py
_base_ = [
    '../_base_/models/topreid_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
