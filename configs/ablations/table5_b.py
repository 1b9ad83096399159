# Table V: 35 % of the words kept, the others replaced by noise words.
#   python tools/run_study.py table5 --rows b --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='35 % of words', paper=dict(rgbnt201={'mAP': 77.1, 'R-1': 79.7}))
train_dataloader = dict(dataset=dict(caption_quality=0.35))
val_dataloader = dict(dataset=dict(caption_quality=0.35))
test_dataloader = dict(dataset=dict(caption_quality=0.35))
