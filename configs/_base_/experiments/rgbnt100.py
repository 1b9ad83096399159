# NEXT on this dataset: model, data, schedule and runtime put together. Leaves and ablations start here.
_base_ = ['../models/next_vit-b16.py', '../datasets/rgbnt100.py', '../schedules/adam_30e.py', '../default_runtime.py']

model = dict(backbone=dict(image_size=(128, 256)), num_classes=50)  # height x width; training identities
