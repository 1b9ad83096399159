# The recipe of the synthetic data for networks that start from random weights: adam_synthetic.py, one rate for all.
_base_ = ['adam_synthetic.py']

optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))
