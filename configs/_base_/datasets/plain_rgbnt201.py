# RGBNT201 as IEEE's repository takes persons: mirrored, no crop, no erasing; features are compared as they are.
# Batches of 2 x 4.
_base_ = ['rgbnt201.py']

train_dataloader = dict(_base_._plain_train, batch_size=8)
val_dataloader = test_dataloader = _base_._cnn_test
val_evaluator = test_evaluator = dict(measure='euclidean')
