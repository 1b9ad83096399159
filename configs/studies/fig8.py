# Fig. 8: number of structure experts (c) and of semantic experts (t); NEXT has three of each. A semantic expert has its
# own subset of the sentences.
#   python tools/run_study.py fig8 --dataset rgbnt201
title = 'Fig. 8: number of experts'
config = '../next_{dataset}.py'
_structure = 'model.neck.structure.num_experts'
_semantic = 'model.neck.semantic.num_experts'
_subsets = 'train_dataloader.dataset.pipeline.6.num_subsets'  # of SampleSentences
_next = dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6})
rows = dict(
    c1=dict(label='1 structure', changes={_structure: 1}, paper=dict(rgbnt201={'mAP': 80.8, 'R-1': 84.0})),
    c2=dict(label='2 structure', changes={_structure: 2}),
    c3=dict(label='3 structure', paper=_next),
    c4=dict(label='4 structure', changes={_structure: 4}),
    t1=dict(label='1 semantic', changes={_semantic: 1, _subsets: 1}, paper=dict(rgbnt201={'mAP': 80.9, 'R-1': 85.2})),
    t2=dict(label='2 semantic', changes={_semantic: 2, _subsets: 2}),
    t3=dict(label='3 semantic', paper=_next),
    t4=dict(label='4 semantic', changes={_semantic: 4, _subsets: 4}, paper=dict(rgbnt201={'mAP': 81.0, 'R-1': 84.6})),
)
