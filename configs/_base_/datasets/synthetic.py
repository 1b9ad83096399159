# The synthetic data, rendered in RGBNT201's layout (projects/synthetic) on the first run: 80 training identities.
# RGBNT201's recipe at a quarter of its size, batches of 8 x 4.
_base_ = ['rgbnt201.py']

custom_imports = dict(imports=['projects.synthetic'])
prepare = dict(type='SyntheticData', root='data/synthetic')  # renders the triplets and trains the small CLIP, once

_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(64, 32))]
_augment = [
    dict(type='DropModalities', prob=0.0),
    dict(type='FlipTriplet', prob=0.5),
    dict(type='PadCropTriplet', padding=2),
    dict(type='EraseTriplet', prob=0.5),
]
_data = dict(data_root='data/synthetic/RGBNT201', metainfo=dict(synthetic=True))
# Small pictures load faster than they cross from a worker: no workers.
_loader = dict(num_workers=0, persistent_workers=False, pin_memory=False)
train_dataloader = dict(
    **_loader,
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(**_data, pipeline=[*_pictures, *_augment, *_base_._train_captions]),
)
val_dataloader = test_dataloader = dict(
    **_loader, batch_size=64, dataset=dict(**_data, pipeline=[*_pictures, *_base_._test_captions])
)
