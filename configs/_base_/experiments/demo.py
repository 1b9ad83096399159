# NEXT on the synthetic demo: model, data, schedule and runtime put together. Leaves and ablations start here.
_base_ = ['../models/next_demo.py', '../datasets/demo.py', '../schedules/adam_demo.py', '../default_runtime.py']

custom_imports = dict(imports=['projects.demo'])
prepare = dict(type='DemoData', root='data/demo')  # renders the triplets and trains the small CLIP, once
model = dict(head=dict(num_classes=80))  # training identities
