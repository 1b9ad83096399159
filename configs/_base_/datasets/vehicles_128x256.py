# Pictures of vehicles, 128 x 256 (height x width). A dataset adds its class and its folder.
_base_ = ['triplets.py']

_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(128, 256))]
# For the authors' *_authors.py, who resize bicubically in training and bilinearly in a test.
_authors_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(128, 256), interpolation='bilinear')]
train_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._test_captions]))
