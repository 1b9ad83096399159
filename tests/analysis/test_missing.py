"""Which cases of absence are tested, and their table."""

from __future__ import annotations

from next_mm.analysis.missing import missing_cases, missing_table


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
