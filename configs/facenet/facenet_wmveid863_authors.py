# FACENet on WMVEID863, for its published mAP and R-1 of 69.8 and 77.0.
# As the authors run it: one flared triplet enhances its whole batch, so that test results depend on the batches; what
# is kept of rgb is masked by nir's mask; each modality is augmented by itself; test pictures are resized bilinearly.
# Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/facenet/facenet_wmveid863_authors.py
_base_ = ['facenet_wmveid863.py']

_load = [dict(type='LoadTriplet'), dict(type='FlagFlare')]
_resize = dict(type='ResizeTriplet', size=(256, 128))
_bilinear = dict(type='ResizeTriplet', size=(256, 128), interpolation='bilinear')
_augment = [step for step in _base_._authors_augment if step['type'] != 'EraseTriplet']
model = dict(flare='batch', rgb_rest='nir', backbone=dict(image_size=(256, 128)))
train_dataloader = dict(dataset=dict(pipeline=[*_load, _resize, *_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_load, _bilinear, *_base_._test_captions]))
