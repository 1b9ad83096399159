# Pictures of persons, 256 x 128 (height x width). A dataset adds its class and its folder.
_base_ = ['triplets.py']

_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(256, 128))]
# For the authors' *_authors.py, who resize bicubically in training and bilinearly in a test.
_authors_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(256, 128), interpolation='bilinear')]
# For plain_*.py and strong_*.py, the convolutional methods'.
_cnn_test = dict(dataset=dict(pipeline=[*_authors_pictures, *_base_._pack]))
_plain_train = dict(
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(pipeline=[*_authors_pictures, *_base_._plain_augment, *_base_._pack]),
)
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._test_captions]))
