"""What the experts look at and take: small cases by hand, and figures that appear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from next_mm.methods.next.figures.expert_load import draw_expert_load, expert_load_rows
from next_mm.methods.next.figures.expert_maps import VEIL, ExpertView, draw_expert_views, enlarge, show_mask
from next_mm.methods.next.watching import require_experts, watch
from next_mm.visualization.style import paper_style, save_figure


def test_patches_are_enlarged_to_their_pixels() -> None:
    grid = np.array([[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(enlarge(grid, 4, 6), np.kron(grid, np.ones((2, 3))))


def test_a_mask_veils_what_is_not_taken_and_nothing_else() -> None:
    picture = np.full((4, 4, 3), 200, np.uint8)
    shown = show_mask(picture, np.array([[1, 0], [0, 1]]))
    assert (shown[:2, :2] == 200).all() and (shown[2:, 2:] == 200).all()
    np.testing.assert_array_equal(shown[0, 3], np.round(0.15 * 200 + 0.85 * VEIL))


def test_load_table_has_a_row_an_expert() -> None:
    assert expert_load_rows({'a': np.array([[1.0, 2.0, 3.0]]), 'b': np.zeros((2, 3))}) == [
        ['a', 1, 1.0, 2.0, 3.0],
        ['b', 1, 0.0, 0.0, 0.0],
        ['b', 2, 0.0, 0.0, 0.0],
    ]


def test_outputs_are_watched_while_the_context_is_open() -> None:
    module = nn.Linear(2, 2)
    with watch(module) as outputs:
        module(torch.ones(1, 2))
    module(torch.ones(1, 2))
    assert len(outputs) == 1
    with pytest.raises(ValueError, match='Linear has no semantic experts'):
        require_experts(module, 'semantic')


def test_maps_and_load_are_drawn(tmp_path: Path) -> None:
    view = ExpertView(
        'id', np.zeros((3, 16, 8, 3), np.uint8), np.ones((2, 3, 2, 2)), np.full((3, 3, 2, 2), 1 / 3), (1, 1, 0)
    )
    with paper_style():
        figures = {
            'maps': draw_expert_views([view]),
            'load': draw_expert_load({'a': np.ones((3, 3)), 'b': np.ones((2, 3))}, 8),
        }
        for name, figure in figures.items():
            assert all(path.stat().st_size > 2000 for path in save_figure(figure, tmp_path / name))
    with paper_style():  # without structure or without semantic experts there are fewer columns
        view.caption = 'A person in a red jacket.'
        figure = draw_expert_views([view])
        both, texts = len(figure.axes), [text.get_text() for text in figure.texts]
        assert any(text.replace('\n', ' ') == view.caption for text in texts)
        assert any('$E_t$' in text and '$E_c$' in text for text in texts)
        view.weights = None
        assert len(draw_expert_views([view]).axes) == both - 3 * 3 - 1
