# Table VIII: NEXT without text, where the pictures alone route, and with text.
#   python tools/run_study.py table8 --dataset rgbnt201
title = 'Table VIII: cost, with and without text'
config = '../next_{dataset}.py'
rows = dict(
    a=dict(
        label='NEXT without text',
        changes={'model.text': None},
        paper=dict(rgbnt201={'mAP': 79.2, 'R-1': 85.5, 'params M': 94.8, 'G MACs': 36.0}),
    ),
    b=dict(label='NEXT', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'params M': 94.8, 'G MACs': 44.8})),
)
