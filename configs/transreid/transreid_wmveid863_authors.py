# TransReID on WMVEID863 with its authors' pictures: each picture is augmented by itself, and test pictures are resized
# bilinearly, as a checkpoint of theirs, of one modality, was tested. The published mAP and R-1 are 67.0 and 74.7;
# how it was run on triplets is stated nowhere. Needs data/WMVEID863; see docs/data.md.
#   python tools/train.py configs/transreid/transreid_wmveid863_authors.py
_base_ = ['transreid_wmveid863.py']

train_dataloader = dict(dataset=dict(pipeline=[*_base_._pictures, *_base_._authors_augment, *_base_._train_captions]))
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=[*_base_._authors_pictures, *_base_._test_captions]))
