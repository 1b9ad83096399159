# FACENet on RGBNT100: 50 training identities; published mAP and R-1 81.5 and 96.9.
# 120 epochs, batches of 8 x 4, no erasing.
# Needs data/RGBNT100; see docs/data.md.
#   python tools/train.py configs/facenet/facenet_rgbnt100.py
_base_ = [
    '../_base_/models/facenet_vit-b16.py',
    '../_base_/datasets/rgbnt100.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=50)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=120, warmup=10)
_load, _resize = _base_._pictures
_pictures = [_load, dict(type='FlagFlare'), _resize]
_augment = [step for step in _base_._augment if step['type'] != 'EraseTriplet']
train_dataloader = dict(
    batch_size=32,
    batch_sampler=dict(num_instances=4),
    dataset=dict(pipeline=[*_pictures, *_augment, *_base_._train_captions]),
)
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._test_captions]))
auto_scale_lr = dict(base_batch_size=32)
