# WMVEID863 as CCNet's repository augments it: mirrored, shifted, erased with probability 0.4. Batches of 8 x 4.
_base_ = ['wmveid863.py']

_strong_pipeline = [*_base_._authors_pictures, *_base_._strong_augment, dict(_base_._erase, prob=0.5), *_base_._pack]
_authors_pipeline = [*_base_._authors_pictures, *_base_._strong_authors, *_base_._pack]
train_dataloader = dict(
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(
        pipeline=[*_base_._authors_pictures, *_base_._strong_augment, dict(_base_._erase, prob=0.4), *_base_._pack]
    ),
)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._pack]))
