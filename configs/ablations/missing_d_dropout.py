# All three modalities, each taken away with probability 0.2 in training; made for a sensor that fails now and then.
#   python tools/run_study.py missing --rows d_dropout --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='all three, dropout 0.2')
_train_pipeline = _base_._train_pipeline
_train_pipeline.insert(1, dict(type='DropModalities', prob=0.2))  # right behind LoadTriplet
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
