# Table VII: one router for all modalities ("share") or one for each ("multi"), in TMSE (T) and in CSSE (C).
#   python tools/run_study.py table7 --dataset rgbnt201
title = 'Table VII: routers'
config = '../next_{dataset}.py'
rows = dict(
    a=dict(
        label='(a) T multi, C multi',
        changes={'model.neck.structure.router': 'multi'},
        paper=dict(rgbnt201={'mAP': 78.3, 'R-1': 82.5}),
    ),
    b=dict(
        label='(b) T share, C multi',
        changes={'model.neck.semantic.router': 'share', 'model.neck.structure.router': 'multi'},
        paper=dict(rgbnt201={'mAP': 78.7, 'R-1': 83.4}),
    ),
    c=dict(
        label='(c) T share, C share',
        changes={'model.neck.semantic.router': 'share'},
        paper=dict(rgbnt201={'mAP': 80.3, 'R-1': 84.3}),
    ),
    d=dict(label='(d) T multi, C share', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6})),
)
