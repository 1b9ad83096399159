# PromptMA on the synthetic data: rendered triplets and a small CLIP, both made on the first run.
# Cross entropy alone: the four triplet losses outweigh it here, and the features of all identities draw together.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/promptma/promptma_synthetic.py
_base_ = [
    '../_base_/models/promptma_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_synthetic.py',
    '../_base_/default_runtime.py',
]

_losses = dict(_delete_=True, id=dict(type='CrossEntropy', label_smoothing=0.1))
model = dict(num_classes=80, branches={name: dict(losses=_losses) for name in ('rgb', 'nir', 'tir', 'fusion')})
# The fusion begins with blocks of the tower.
optim_wrapper = dict(paramwise_cfg=dict(groups=dict(visual=dict(match=r'(backbone|fusion)\.'))))
