# Table IV (a): the plain baseline, the concatenated class tokens.
#   python tools/run_study.py table4 --rows a --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(a) baseline',
    paper=dict(
        rgbnt201={'mAP': 71.0, 'R-1': 73.6, 'R-5': 84.2, 'R-10': 88.2, 'params M': 88.3, 'G MACs': 33.3},
        msvr310={'mAP': 50.1, 'R-1': 68.9, 'R-5': 83.4, 'R-10': 87.8, 'params M': 88.3, 'G MACs': 33.3},
    ),
)
model = dict(
    type='BaselineReID',
    text=None,
    neck=None,
    head=None,
    branches=dict(
        _delete_=True,
        classes=dict(
            losses=dict(
                id=dict(type='CrossEntropy', label_smoothing=0.1), triplet=dict(type='TripletLoss', margin=None)
            )
        ),
    ),
)
train_dataloader = dict(dataset=dict(caption_dir=None))
val_dataloader = dict(dataset=dict(caption_dir=None))
test_dataloader = dict(dataset=dict(caption_dir=None))
