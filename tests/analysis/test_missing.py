"""Which cases of absence are tested, and their table."""

from __future__ import annotations

import numpy as np
import torch

from next_mm.analysis.missing import SIDES, draw_gaps, missing_cases, missing_table, take_away
from next_mm.structures import ReIDDataSample


def test_the_six_cases_and_all() -> None:
    cases = list(missing_cases(with_text=True))
    assert [case.modalities for case in cases] == [
        (),
        ('rgb',),
        ('nir',),
        ('tir',),
        ('rgb', 'nir'),
        ('rgb', 'tir'),
        ('nir', 'tir'),
        (),
    ]
    assert [case.captions for case in cases] == [False] * 7 + [True]
    assert len(list(missing_cases(with_text=False))) == 7


def test_missing_table_puts_models_side_by_side() -> None:
    full = {'nothing': {'mAP': 80.0, 'R-1': 90.0}, 'captions': {'mAP': 70.0, 'R-1': 75.0}}
    table = missing_table('T', [('NEXT', full), ('baseline', {'nothing': {'mAP': 60.0, 'R-1': 65.0}})])
    assert table.columns == ['missing at test', 'NEXT mAP', 'NEXT R-1', 'baseline mAP', 'baseline R-1']
    assert table.rows == [['nothing', 80.0, 90.0, 60.0, 65.0], ['captions', 70.0, 75.0, None, None]]


def test_random_gaps_are_of_the_triplet_and_the_seed() -> None:
    drawn = [draw_gaps(index, [True] * 3, 0.4, seed=0) for index in range(2000)]
    assert drawn == [draw_gaps(index, [True] * 3, 0.4, seed=0) for index in range(2000)]
    assert drawn != [draw_gaps(index, [True] * 3, 0.4, seed=1) for index in range(2000)]
    assert all(any(kept) for kept in drawn)
    # A modality stays with 0.6, or alone of three that went: 0.4 ** 3 / 3. Five deviations of sqrt(0.24 / 2000).
    shares = np.mean(drawn, axis=0)
    assert np.abs(shares - (0.6 + 0.4**3 / 3)).max() < 5 * np.sqrt(0.24 / 2000)
    assert draw_gaps(3, [False, True, False], 0.9, seed=5) == [False, True, False]


def test_gaps_go_to_the_side_that_the_case_names() -> None:
    cases = [case for case in missing_cases(with_text=False, gaps=0.9) if case.gaps]
    assert [(case.side, case.over) for case in cases] == [
        (side, over) for side in SIDES for over in ('shared parts', 'whole features')
    ]
    for case in cases:
        samples = [
            ReIDDataSample(metainfo=dict(sample_idx=index, is_query=index % 2 == 0, is_gallery=index % 2 == 1))
            for index in range(20)
        ]
        for sample in samples:
            sample.present = np.ones(3, bool)
            sample.has_text = np.ones(3, bool)
        pictures = torch.ones(20, 3, 3, 2, 2, dtype=torch.uint8)
        take_away(case, seed=0)(dict(inputs=pictures, data_samples=samples))
        for sample, triplet in zip(samples, pictures):
            kept = torch.as_tensor(sample.present)
            assert torch.equal(triplet.flatten(1).bool().all(dim=1), kept)
            assert torch.equal(torch.as_tensor(sample.has_text), kept)
        for side, flag in (('queries', 'is_query'), ('gallery', 'is_gallery')):
            touched = any(not bool(torch.as_tensor(s.present).all()) for s in samples if s.get(flag))
            assert touched == (side in case.side)
