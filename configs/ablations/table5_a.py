# Table V: IDEA's captions, placed by the user in <data_root>/text_idea.
#   python tools/run_study.py table5 --rows a --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label="IDEA's captions", paper=dict(rgbnt201={'mAP': 80.5, 'R-1': 84.7}))
train_dataloader = dict(dataset=dict(caption_dir='text_idea'))
val_dataloader = dict(dataset=dict(caption_dir='text_idea'))
test_dataloader = dict(dataset=dict(caption_dir='text_idea'))
