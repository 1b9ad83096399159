# NEXT on this dataset: model, data, schedule and runtime put together. Leaves and ablations start here.
_base_ = ['../models/next_vit-b16.py', '../datasets/market_mm.py', '../schedules/adam_50e.py', '../default_runtime.py']

model = dict(num_classes=751)  # training identities
