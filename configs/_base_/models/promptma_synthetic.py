# PromptMA on the small CLIP of the synthetic data (projects/synthetic).
_base_ = ['promptma_vit-b16.py']

model = dict(backbone=dict(_base_._small_visual, num_prompted=3))
