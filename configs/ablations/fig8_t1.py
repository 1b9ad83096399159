# Fig. 8: 1 semantic expert.
#   python tools/run_study.py fig8 --rows t1 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='1 semantic', paper=dict(rgbnt201={'mAP': 80.9, 'R-1': 85.2}))
model = dict(neck=dict(semantic=dict(num_experts=1)))
_train_pipeline = _base_._train_pipeline
for _transform in _train_pipeline:
    if _transform['type'] == 'SampleSentences':
        _transform.update(num_subsets=1)
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
