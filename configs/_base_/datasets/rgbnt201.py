# RGBNT201: persons, 171 training identities, layout in docs/data.md. Batches of 8 x 8.
_size = (256, 128)  # height, width
_train_pipeline = [
    dict(type='LoadTriplet'),
    dict(type='ResizeTriplet', size=_size),
    dict(type='FlipTriplet', prob=0.5),  # this and the next two: open in the paper; the peers'
    dict(type='PadCropTriplet', padding=10),
    dict(type='EraseTriplet', prob=0.5),
    dict(type='SampleSentences', num_subsets=3, keep_prob=0.75),  # one subset for each semantic expert, Eq. 4
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]
_test_pipeline = [
    dict(type='LoadTriplet'),
    dict(type='ResizeTriplet', size=_size),
    dict(type='SampleSentences', num_subsets=1, keep_prob=1.0),  # the whole caption
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]
_dataset = dict(type='RGBNT201', data_root='data/RGBNT201', caption_dir='text', captions_required=True)
train_dataloader = dict(
    batch_size=64,  # P x K of one rank; open in the paper
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='collate_triplets'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='IdentityBatchSampler', num_instances=8),
    dataset=dict(**_dataset, split='train', pipeline=_train_pipeline),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='collate_triplets'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**_dataset, split='test', pipeline=_test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ReIDMetric', rule='camera')
test_evaluator = val_evaluator
