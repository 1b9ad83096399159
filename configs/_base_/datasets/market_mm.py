# MarketMM: persons, 751 training identities, layout in docs/data.md. Batches of 8 x 8.
_base_ = ['persons_256x128.py']

_data = dict(type='MarketMM', data_root='data/Market-1501-RGBNT')
train_dataloader = dict(dataset=_data)
val_dataloader = test_dataloader = dict(dataset=_data)
