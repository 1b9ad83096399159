# Table IV (d): the full model.
#   python tools/run_study.py table4 --rows d --dataset rgbnt201
_base_ = ['../_base_/experiments/{{$NEXT_DATASET:rgbnt201}}.py']

_row = dict(
    label='(d) + CSSE (NEXT)',
    paper=dict(
        rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'R-5': 92.0, 'R-10': 94.7, 'params M': 94.8, 'G MACs': 44.8},
        msvr310={'mAP': 60.8, 'R-1': 79.0, 'R-5': 89.2, 'R-10': 92.2, 'params M': 94.8, 'G MACs': 44.8},
    ),
)
