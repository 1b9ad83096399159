# FACENet on MSVR310: 155 training identities; published mAP and R-1 36.2 and 54.1.
# 1000 epochs, batches of 8 x 4, no erasing.
# Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/facenet/facenet_msvr310.py
_base_ = [
    '../_base_/models/facenet_vit-b16.py',
    '../_base_/datasets/msvr310.py',
    '../_base_/schedules/sgd_transreid.py',
    '../_base_/default_runtime.py',
]

model = dict(num_classes=155)
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(end=1000, warmup=100)
train_cfg = dict(max_epochs=1000, val_interval=50)
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
