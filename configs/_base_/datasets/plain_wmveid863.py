# WMVEID863 as IEEE's repository takes persons: mirrored, no crop, no erasing; features are compared as they are.
# Batches of 8 x 4.
_base_ = ['wmveid863.py']

train_dataloader = _base_._plain_train
val_dataloader = test_dataloader = _base_._cnn_test
val_evaluator = test_evaluator = dict(measure='euclidean')
