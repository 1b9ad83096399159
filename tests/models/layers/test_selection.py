"""Orders and marks against Python's sort, as they run and as they are exported."""

from __future__ import annotations

import pytest
import torch

from next_mm.models.layers import mark_highest, order_selected

SHAPES = [(1, 1), (3, 7), (4, 32)]


@pytest.mark.parametrize('shape', SHAPES)
def test_the_selected_come_first_in_their_order(shape: tuple[int, int]) -> None:
    selected = torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.4
    expected = [sorted(range(shape[1]), key=lambda place: not row[place]) for row in selected.tolist()]
    assert order_selected(selected).tolist() == expected


@pytest.mark.parametrize('exporting', [False, True])
@pytest.mark.parametrize('shape', SHAPES)
def test_the_highest_are_marked(shape: tuple[int, int], exporting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, 'is_compiling', lambda: exporting)
    scores = torch.randint(0, 5, shape, generator=torch.Generator().manual_seed(0)).float()  # many are equal
    for keep in (0, 1, shape[1] // 2, shape[1]):
        found = mark_highest(scores, keep)
        for row, marks in zip(scores.tolist(), found.tolist()):
            best = sorted(range(shape[1]), key=lambda place: -row[place])[:keep]
            assert [place for place, mark in enumerate(marks) if mark] == sorted(best)
