# WMVEID863: vehicles, 603 training identities, layout in docs/data.md. Batches of 8 x 8.
# As released, a few names are of another kind and a few triplets lack a picture: they are left out and counted.
_base_ = ['vehicles_128x256.py']

_data = dict(type='WMVEID863', data_root='data/WMVEID863', leave_out=('incomplete', 'unreadable'))
train_dataloader = dict(dataset=_data)
val_dataloader = test_dataloader = dict(dataset=_data)
