# NEXT on the synthetic data: model, data, schedule and runtime put together. Leaves and ablations start here.
_base_ = [
    '../models/next_synthetic.py',
    '../datasets/synthetic.py',
    '../schedules/adam_synthetic.py',
    '../default_runtime.py',
]

custom_imports = dict(imports=['projects.synthetic'])
prepare = dict(type='SyntheticData', root='data/synthetic')  # renders the triplets and trains the small CLIP, once
model = dict(num_classes=80)  # training identities
