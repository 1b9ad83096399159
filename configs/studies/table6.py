# Table VI: which tokens a semantic expert takes: all, the half with the highest routes, those above one fixed
# threshold, or those above a threshold from the class token, as NEXT has it.
#   python tools/run_study.py table6 --dataset rgbnt201
title = 'Table VI: sampling of the semantic experts'
config = '../next_{dataset}.py'
rows = dict(
    a=dict(
        label='(a) all tokens',
        changes={'model.neck.semantic.sampling': 'all'},
        paper=dict(rgbnt201={'mAP': 79.0, 'R-1': 83.0, 'params M': 94.8, 'G MACs': 43.9}),
    ),
    b=dict(
        label='(b) top 50 %',
        changes={'model.neck.semantic.sampling': 'topk'},
        paper=dict(rgbnt201={'mAP': 81.4, 'R-1': 84.3, 'params M': 94.8, 'G MACs': 44.8}),
    ),
    c=dict(
        label='(c) fixed threshold',
        changes={'model.neck.semantic.sampling': 'fixed'},
        paper=dict(rgbnt201={'mAP': 80.3, 'R-1': 85.0, 'params M': 94.8, 'G MACs': 44.8}),
    ),
    d=dict(
        label='(d) dynamic threshold',
        paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6, 'params M': 94.8, 'G MACs': 44.8}),
    ),
)
