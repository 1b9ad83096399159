# FACENet on the synthetic data, with small towers that start from random weights.
# 80 training identities, 16 epochs. Needs nothing.
#   python tools/train.py configs/facenet/facenet_synthetic.py
_base_ = [
    '../_base_/models/facenet_synthetic.py',
    '../_base_/datasets/synthetic.py',
    '../_base_/schedules/adam_scratch_synthetic.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=80)
_load, _resize = _base_._pictures
_flagged = [_load, dict(type='FlagFlare'), _resize]
_augment = [step for step in _base_._augment if step['type'] != 'EraseTriplet']
train_dataloader = dict(dataset=dict(pipeline=[*_flagged, *_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_flagged, *_base_._test_captions]))
