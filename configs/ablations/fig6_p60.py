# Fig. 6: a sentence is kept with probability 0.60.
#   python tools/run_study.py fig6 --rows p60 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='p = 60 %', paper=dict(rgbnt201={'mAP': 78.0, 'R-1': 77.3}))
_train_pipeline = _base_._train_pipeline
for _transform in _train_pipeline:
    if _transform['type'] == 'SampleSentences':
        _transform.update(keep_prob=0.6)
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
