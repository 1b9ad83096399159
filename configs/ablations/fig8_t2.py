# Fig. 8: 2 semantic experts.
#   python tools/run_study.py fig8 --rows t2 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='2 semantic')
model = dict(neck=dict(semantic=dict(num_experts=2)))
_train_pipeline = _base_._train_pipeline
for _transform in _train_pipeline:
    if _transform['type'] == 'SampleSentences':
        _transform.update(num_subsets=2)
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
