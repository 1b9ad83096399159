# NEXT on this dataset: model, data, schedule and runtime put together. Leaves and ablations start here.
_base_ = ['../models/next_vit-b16.py', '../datasets/rgbnt201.py', '../schedules/adam_50e.py', '../default_runtime.py']

model = dict(num_classes=171)  # training identities
