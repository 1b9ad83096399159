# RGBNT201 augmented as in "Bag of Tricks": mirrored, shifted, erased. Batches of 16 x 4.
_base_ = ['rgbnt201.py']

train_dataloader = dict(
    batch_size=64,
    batch_sampler=dict(num_instances=4),
    dataset=dict(
        pipeline=[*_base_._authors_pictures, *_base_._strong_augment, dict(_base_._erase, prob=0.5), *_base_._pack]
    ),
)
val_dataloader = test_dataloader = _base_._cnn_test
