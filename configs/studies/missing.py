# Fewer modalities, in training and in testing alike; and all three, each taken away with probability 0.2 in training,
# for a sensor that fails now and then.
#   python tools/run_study.py missing --dataset rgbnt201
title = 'Missing modalities: trained and tested on a subset, and modality dropout'
config = '../next_{dataset}.py'
_missing = [f'{part}_dataloader.dataset.missing_modalities' for part in ('train', 'val', 'test')]
rows = dict(
    a_nir=dict(label='NIR', changes=dict.fromkeys(_missing, ('rgb', 'tir'))),
    a_rgb=dict(label='RGB', changes=dict.fromkeys(_missing, ('nir', 'tir'))),
    a_tir=dict(label='TIR', changes=dict.fromkeys(_missing, ('rgb', 'nir'))),
    b_nir_tir=dict(label='NIR + TIR', changes=dict.fromkeys(_missing, ('rgb',))),
    b_rgb_nir=dict(label='RGB + NIR', changes=dict.fromkeys(_missing, ('tir',))),
    b_rgb_tir=dict(label='RGB + TIR', changes=dict.fromkeys(_missing, ('nir',))),
    c_all=dict(label='all three'),
    d_dropout=dict(
        label='all three, dropout 0.2',
        changes={'train_dataloader.dataset.pipeline.2.prob': 0.2},  # of DropModalities
    ),
)
