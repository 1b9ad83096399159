# The plain baseline of Table IV (a) on the synthetic data: the concatenated class tokens, no captions.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/baseline_synthetic.py
_base_ = [
    '_base_/models/baseline_synthetic.py',
    '_base_/datasets/synthetic.py',
    '_base_/schedules/adam_synthetic.py',
    '_base_/default_runtime.py',
]

model = dict(num_classes=80)
