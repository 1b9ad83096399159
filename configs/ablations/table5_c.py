# Table V: 70 % of the words kept, the others replaced by noise words.
#   python tools/run_study.py table5 --rows c --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='70 % of words', paper=dict(rgbnt201={'mAP': 80.0, 'R-1': 82.2}))
train_dataloader = dict(dataset=dict(caption_quality=0.7))
val_dataloader = dict(dataset=dict(caption_quality=0.7))
test_dataloader = dict(dataset=dict(caption_quality=0.7))
