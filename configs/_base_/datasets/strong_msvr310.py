# MSVR310 as CCNet's repository augments it: mirrored, shifted, erased with probability 0.4. Batches of 8 x 4.
_base_ = ['msvr310.py']

train_dataloader = _base_._strong_train
val_dataloader = test_dataloader = _base_._cnn_test
