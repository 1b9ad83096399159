# the synthetic data, rendered in RGBNT201's layout (projects/synthetic): RGBNT201's recipe at a quarter of its size.
_base_ = ['rgbnt201.py']

_size = (64, 32)  # height, width
_train_pipeline = [
    dict(type='LoadTriplet'),
    dict(type='ResizeTriplet', size=_size),
    dict(type='FlipTriplet', prob=0.5),
    dict(type='PadCropTriplet', padding=2),
    dict(type='EraseTriplet', prob=0.5),
    dict(type='SampleSentences', num_subsets=3, keep_prob=0.75),
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]
_test_pipeline = [
    dict(type='LoadTriplet'),
    dict(type='ResizeTriplet', size=_size),
    dict(type='SampleSentences', num_subsets=1, keep_prob=1.0),
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]
_dataset = dict(data_root='data/synthetic/RGBNT201', metainfo=dict(synthetic=True))
# Small pictures load faster than they cross from a worker: no workers.
_loader = dict(num_workers=0, persistent_workers=False, pin_memory=False)
train_dataloader = dict(
    batch_size=32, **_loader, batch_sampler=dict(num_instances=4), dataset=dict(**_dataset, pipeline=_train_pipeline)
)
val_dataloader = dict(batch_size=64, **_loader, dataset=dict(**_dataset, pipeline=_test_pipeline))
test_dataloader = dict(batch_size=64, **_loader, dataset=dict(**_dataset, pipeline=_test_pipeline))
