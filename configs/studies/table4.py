# Table IV: the parts of NEXT, one after the other.
#   python tools/run_study.py table4 --dataset rgbnt201
title = 'Table IV: modules'
config = '../next_{dataset}.py'
rows = dict(
    a=dict(
        label='(a) baseline',
        config='../baseline_{dataset}.py',
        paper=dict(
            rgbnt201={'mAP': 71.0, 'R-1': 73.6, 'R-5': 84.2, 'R-10': 88.2, 'params M': 88.3, 'G MACs': 33.3},
            msvr310={'mAP': 50.1, 'R-1': 68.9, 'R-5': 83.4, 'R-10': 87.8, 'params M': 88.3, 'G MACs': 33.3},
        ),
    ),
    b=dict(  # one unified expert, the tokens of the three modalities
        label='(b) + MGFA',
        changes={'model.text': None, 'model.neck.semantic': None, 'model.neck.structure': None},
        paper=dict(
            rgbnt201={'mAP': 74.2, 'R-1': 76.6, 'R-5': 87.8, 'R-10': 91.3, 'params M': 88.5, 'G MACs': 33.5},
            msvr310={'mAP': 55.0, 'R-1': 73.3, 'R-5': 86.8, 'R-10': 91.7, 'params M': 88.5, 'G MACs': 33.5},
        ),
    ),
    c=dict(
        label='(c) + TMSE',
        changes={'model.neck.structure': None},
        paper=dict(
            rgbnt201={'mAP': 78.9, 'R-1': 84.4, 'R-5': 91.1, 'R-10': 93.2, 'params M': 92.5, 'G MACs': 43.7},
            msvr310={'mAP': 59.7, 'R-1': 75.1, 'R-5': 88.2, 'R-10': 92.0, 'params M': 92.5, 'G MACs': 43.7},
        ),
    ),
    d=dict(
        label='(d) + CSSE (NEXT)',
        paper=dict(
            rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'R-5': 92.0, 'R-10': 94.7, 'params M': 94.8, 'G MACs': 44.8},
            msvr310={'mAP': 60.8, 'R-1': 79.0, 'R-5': 89.2, 'R-10': 92.2, 'params M': 94.8, 'G MACs': 44.8},
        ),
    ),
)
