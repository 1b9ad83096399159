# Triplets of your own (docs/data.md, "Own data"): vehicles, 128 x 256. The leaf says where they are.
# Own triplets seldom are all complete, so training takes pictures away at random: a model that never missed one ranks
# by what is missing. Only a triplet itself is left out; with cameras exclude='same camera' is the usual rule.
_base_ = ['vehicles_128x256.py']

_drop = [dict(type='DropModalities', prob=0.2)]
_pipeline = [*_base_._pictures, *_drop, *_base_._augment[1:], *_base_._train_captions]
train_dataloader = dict(dataset=dict(type='OwnTriplets', pipeline=_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(type='OwnTriplets'))
val_evaluator = test_evaluator = dict(exclude='itself')
