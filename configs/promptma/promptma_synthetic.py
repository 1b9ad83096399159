# PromptMA on the synthetic data: rendered triplets and a small CLIP, both made on the first run.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/promptma/promptma_synthetic.py
_base_ = [
    '../_base_/models/promptma_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
# The fusion begins with blocks of the tower.
optim_wrapper = dict(paramwise_cfg=dict(groups=dict(visual=dict(match=r'(backbone|fusion)\.'))))
