# RGBNT201: persons, 171 training identities, layout in docs/data.md. Batches of 8 x 8.
_base_ = ['persons_256x128.py']

_data = dict(type='RGBNT201', data_root='data/RGBNT201')
train_dataloader = dict(dataset=_data)
val_dataloader = test_dataloader = dict(dataset=_data)
