# RGBNT100: vehicles, 50 training identities, layout in docs/data.md. Batches of 8 x 16.
_base_ = ['vehicles_128x256.py']

_data = dict(type='RGBNT100', data_root='data/RGBNT100')
train_dataloader = dict(batch_size=128, batch_sampler=dict(num_instances=16), dataset=_data)
val_dataloader = test_dataloader = dict(dataset=_data)
