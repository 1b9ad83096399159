# Table IV (b): MGFA over one unified expert, the tokens of the three modalities.
#   python tools/run_study.py table4 --rows b --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(b) + MGFA',
    paper=dict(
        rgbnt201={'mAP': 74.2, 'R-1': 76.6, 'R-5': 87.8, 'R-10': 91.3, 'params M': 88.5, 'G MACs': 33.5},
        msvr310={'mAP': 55.0, 'R-1': 73.3, 'R-5': 86.8, 'R-10': 91.7, 'params M': 88.5, 'G MACs': 33.5},
    ),
)
model = dict(text=None, neck=dict(semantic=None, structure=None))
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
