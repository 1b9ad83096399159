# Table V: where the captions come from, and how many of their words are left; the others are replaced by noise words.
# IDEA's captions are placed by the user in <data_root>/text_idea.
#   python tools/run_study.py table5 --dataset rgbnt201
title = 'Table V: caption source and quality'
config = '../next_{dataset}.py'
_datasets = ('train_dataloader.dataset', 'val_dataloader.dataset', 'test_dataloader.dataset')
rows = dict(
    a=dict(
        label="IDEA's captions",
        changes={f'{dataset}.caption_dir': 'text_idea' for dataset in _datasets},
        paper=dict(rgbnt201={'mAP': 80.5, 'R-1': 84.7}),
    ),
    b=dict(
        label='35 % of words',
        changes={f'{dataset}.caption_quality': 0.35 for dataset in _datasets},
        paper=dict(rgbnt201={'mAP': 77.1, 'R-1': 79.7}),
    ),
    c=dict(
        label='70 % of words',
        changes={f'{dataset}.caption_quality': 0.7 for dataset in _datasets},
        paper=dict(rgbnt201={'mAP': 80.0, 'R-1': 82.2}),
    ),
    d=dict(label='100 % of words', paper=dict(rgbnt201={'mAP': 82.4, 'R-1': 86.6})),
)
