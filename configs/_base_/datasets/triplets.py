# What all datasets share: augmentation, captions, loaders, metric. persons_256x128.py and vehicles_128x256.py put the
# pipelines together.
_augment = [
    dict(type='DropModalities', prob=0.0),  # all triplets are complete; the study "missing" raises it
    dict(type='FlipTriplet', prob=0.5),  # this and the next two: open in the paper; the peers'
    dict(type='PadCropTriplet', padding=10),
    dict(type='EraseTriplet', prob=0.5),
]
# As many authors do, for their *_authors.py: each modality of a triplet draws for itself.
_authors_augment = [
    dict(type='DropModalities', prob=0.0),
    dict(type='FlipTriplet', prob=0.5, per_modality=True),
    dict(type='PadCropTriplet', padding=10, per_modality=True),
    dict(type='EraseTriplet', prob=0.5, per_modality=True),
]
# The convolutional methods': strong_*.py and plain_*.py put them together. Erased boxes have ImageNet's mean colour;
# for *_authors.py that of 0.485, 0.456, 0.406 behind the preprocessor, as in "Bag of Tricks" and what descends from it.
_plain_augment = _augment[:2]
_plain_authors = _authors_augment[:2]
_strong_augment = _augment[:3]
_erase = dict(type='EraseTriplet', area=(0.02, 0.4), aspect=(0.3, 3.3), fill=(123.675, 116.28, 103.53))
_strong_authors = [
    *_authors_augment[:3],
    dict(_erase, prob=0.4, fill=(151.997, 142.327, 126.824), per_modality=True),
]
_pack = [dict(type='PackTriplet')]
_train_captions = [
    dict(type='SampleSentences', num_subsets=3, keep_prob=0.75),  # one subset for each semantic expert, Eq. 4
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]
_test_captions = [
    dict(type='SampleSentences', num_subsets=1, keep_prob=1.0),  # the whole caption
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]

_captions = dict(caption_dir='text', captions_required=True)  # load_config drops them where the model reads none
_loader = dict(num_workers=4, persistent_workers=True, pin_memory=True, collate_fn=dict(type='collate_triplets'))
train_dataloader = dict(
    **_loader,
    batch_size=64,  # P x K of one rank; open in the paper
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='IdentityBatchSampler', num_instances=8),
    dataset=dict(**_captions, split='train'),
)
val_dataloader = test_dataloader = dict(
    **_loader,
    batch_size=128,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**_captions, split='test'),
)
val_evaluator = test_evaluator = dict(type='ReIDMetric', exclude='same camera')
