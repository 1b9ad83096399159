# ICPL-ReID on the synthetic data: rendered triplets and a small CLIP, both made on the first run.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/icpl/icpl_synthetic.py
_base_ = [
    '../_base_/models/icpl_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
# The towers are frozen: all that is learnt is new, or small.
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.0))
