# MSVR310: vehicles, 155 training identities, layout in docs/data.md. Batches of 16 x 4; entries of the
# same scene are excluded.
_base_ = ['vehicles_128x256.py']

_data = dict(type='MSVR310', data_root='data/MSVR310')
train_dataloader = dict(batch_sampler=dict(num_instances=4), dataset=_data)
val_dataloader = test_dataloader = dict(dataset=_data)
val_evaluator = test_evaluator = dict(exclude='same scene')
