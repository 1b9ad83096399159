# Table IV (c): MGFA and the semantic experts.
#   python tools/run_study.py table4 --rows c --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(c) + TMSE',
    paper=dict(
        rgbnt201={'mAP': 78.9, 'R-1': 84.4, 'R-5': 91.1, 'R-10': 93.2, 'params M': 92.5, 'G MACs': 43.7},
        msvr310={'mAP': 59.7, 'R-1': 75.1, 'R-5': 88.2, 'R-10': 92.0, 'params M': 92.5, 'G MACs': 43.7},
    ),
)
model = dict(neck=dict(structure=None))
