# TransReID on MSVR310 with its authors' pictures: each picture is augmented by itself, and test pictures are resized
# bilinearly, as a checkpoint of theirs, of one modality, was tested. The published mAP and R-1 are 33.4 and 48.9;
# how it was run on triplets is stated nowhere. Needs data/MSVR310; see docs/data.md.
#   python tools/train.py configs/transreid/transreid_msvr310_authors.py
_base_ = ['transreid_msvr310.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
