# Fig. 6: a sentence is kept with probability 0.90.
#   python tools/run_study.py fig6 --rows p90 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='p = 90 %', paper=dict(rgbnt201={'mAP': 80.2, 'R-1': 85.8}))
_train_pipeline = _base_._train_pipeline
for _transform in _train_pipeline:
    if _transform['type'] == 'SampleSentences':
        _transform.update(keep_prob=0.9)
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
