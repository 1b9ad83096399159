# Fig. 6: how often a sentence of the caption is kept for a semantic expert; NEXT has 0.75.
#   python tools/run_study.py fig6 --dataset rgbnt201
title = 'Fig. 6: sentence-sampling probability'
config = '../next_{dataset}.py'
_keep_prob = 'train_dataloader.dataset.pipeline.6.keep_prob'  # of SampleSentences
rows = dict(
    p60=dict(label='p = 60 %', changes={_keep_prob: 0.6}, paper=dict(rgbnt201={'mAP': 78.0, 'R-1': 77.3})),
    p75=dict(label='p = 75 %', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6})),
    p90=dict(label='p = 90 %', changes={_keep_prob: 0.9}, paper=dict(rgbnt201={'mAP': 80.2, 'R-1': 85.8})),
)
