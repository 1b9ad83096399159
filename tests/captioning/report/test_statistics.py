"""The figures behind a report, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from next_mm.captioning.report.statistics import Agreement, histogram_mean, histogram_quantile


def test_agreement_by_hand() -> None:
    agreement = Agreement()
    agreement.add('1', {'rgb': {'gender': 'male'}, 'tir': {'gender': 'male'}})
    agreement.add('1', {'rgb': {'gender': 'male'}, 'tir': {'gender': 'female'}})
    agreement.add('2', {'rgb': {'gender': 'female'}})
    row = agreement.row('gender')
    assert row['across modalities, %'] == 50 and row['told'] == 5
    assert row['within identity, %'] == pytest.approx(
        100 * 6 / 12
    )  # of the 12 ordered pairs of identity 1, 6 are male-male
    assert row['any two, %'] == pytest.approx(100 * (0.6**2 + 0.4**2))


def test_histograms_by_hand() -> None:
    histogram = np.zeros(101, int)
    histogram[[20, 80]] = 1, 3
    assert (
        histogram_mean(histogram) == pytest.approx(0.65)
        and histogram_quantile(histogram, 0.5) == 0.8
        and histogram_quantile(histogram, 0.1) == 0.2
    )
