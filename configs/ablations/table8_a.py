# Table VIII: NEXT without text, the pictures alone route.
#   python tools/run_study.py table8 --rows a --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='NEXT without text', paper=dict(rgbnt201={'mAP': 79.2, 'R-1': 85.5, 'params M': 94.8, 'G MACs': 36.0})
)
model = dict(text=None)
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
