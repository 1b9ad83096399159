# MSVR310 as IEEE's repository takes persons: mirrored, no crop, no erasing; features are compared as they are.
# Batches of 8 x 4.
_base_ = ['msvr310.py']

train_dataloader = dict(
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._plain_augment, *_base_._pack]),
)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._pack]))
val_evaluator = test_evaluator = dict(measure='euclidean')
