# Fig. 8: 4 semantic experts.
#   python tools/run_study.py fig8 --rows t4 --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(label='4 semantic', paper=dict(rgbnt201={'mAP': 81.0, 'R-1': 84.6}))
model = dict(neck=dict(semantic=dict(num_experts=4)))
_train_pipeline = _base_._train_pipeline
for _transform in _train_pipeline:
    if _transform['type'] == 'SampleSentences':
        _transform.update(num_subsets=4)
train_dataloader = dict(dataset=dict(pipeline=_train_pipeline))
