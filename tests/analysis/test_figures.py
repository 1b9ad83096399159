"""Figures: the numbers behind them against slow loops, and files that appear."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from torch import nn

from next_mm.analysis.distances import EDGES, DistanceHistogram, distance_histogram, draw_distances
from next_mm.analysis.embedding import choose_identities, draw_embeddings, embed
from next_mm.analysis.expert_load import draw_expert_load, expert_load_table
from next_mm.analysis.expert_maps import VEIL, ExpertView, draw_expert_views, enlarge, show_mask
from next_mm.analysis.extraction import TestFeatures, require_experts, watch
from next_mm.analysis.missing import missing_cases, missing_table
from next_mm.analysis.rank_lists import stack
from next_mm.structures import ReIDDataSample
from next_mm.visualization.style import paper_style, save_figure, to_pixels


def make_features(identities: int = 4, each: int = 5, spread: float = 0.5) -> TestFeatures:
    labels = np.repeat(np.arange(identities), each)
    centres = torch.randn(identities, 8)
    features = nn.functional.normalize(centres[labels] + spread * torch.randn(len(labels), 8))
    samples = [
        ReIDDataSample(metainfo=dict(is_query=index % 2 == 0, is_gallery=index % 3 != 0))
        for index in range(len(labels))
    ]
    return TestFeatures(features, [f'id{label}' for label in labels], samples)


@pytest.mark.parametrize('chunk', [3, 512])
def test_distance_histogram_is_the_slow_loops(chunk):
    test = make_features()
    same, different = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
    for i, one in enumerate(test.samples):
        for j, other in enumerate(test.samples):
            if not one.is_query or not other.is_gallery or i == j:
                continue
            place = min(int(math.dist(test.features[i], test.features[j]) / (EDGES[1] - EDGES[0])), len(EDGES) - 2)
            (same if test.identities[i] == test.identities[j] else different)[place] += 1
    histogram = distance_histogram(test, chunk)
    assert histogram.same.sum() == same.sum() > 0 and histogram.different.sum() == different.sum() > 0
    assert (
        np.abs(np.cumsum(histogram.same - same)).max() <= 1
        and np.abs(np.cumsum(histogram.different - different)).max() <= 1
    )


def test_overlap():
    one, other = np.array([1.0, 1.0, 0.0]), np.array([0.0, 3.0, 3.0])
    assert DistanceHistogram(one, other).overlap() == 0.5
    assert DistanceHistogram(one, 7 * one).overlap() == 1.0


def test_one_identity_has_no_different_pairs():
    with pytest.raises(ValueError, match='same and of different identities'):
        distance_histogram(make_features(identities=1))


def test_identities_with_most_samples_are_chosen():
    assert choose_identities(['b', 'a', 'c', 'c', 'a', 'd'], 3) == ['a', 'c', 'b']


def test_embedding_is_reproducible_and_keeps_identities_together():
    labels = np.repeat(np.arange(3), 12)
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(scale=0.05, size=(36, 3))
    points = embed(features, seed=1)
    np.testing.assert_array_equal(points, embed(features, seed=1))
    nearest = (np.linalg.norm(points[:, None] - points[None], axis=-1) + np.diag([np.inf] * 36)).argmin(axis=1)
    np.testing.assert_array_equal(labels[nearest], labels)
    with pytest.raises(ValueError, match='at least 4'):
        embed(np.ones((3, 2)))


def test_patches_are_enlarged_to_their_pixels():
    grid = np.array([[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(enlarge(grid, 4, 6), np.kron(grid, np.ones((2, 3))))


def test_a_mask_veils_what_is_not_taken_and_nothing_else():
    picture = np.full((4, 4, 3), 200, np.uint8)
    shown = show_mask(picture, np.array([[1, 0], [0, 1]]))
    assert (shown[:2, :2] == 200).all() and (shown[2:, 2:] == 200).all()
    np.testing.assert_array_equal(shown[0, 3], np.round(0.15 * 200 + 0.85 * VEIL))


def test_every_figure_is_drawn_saved_and_recorded(tmp_path):
    views = [
        ExpertView(
            'id', np.zeros((3, 16, 8, 3), np.uint8), np.ones((2, 3, 2, 2)), np.full((3, 3, 2, 2), 1 / 3), (1, 1, 0)
        )
    ]
    models = {'a': make_features(), 'b': make_features()}
    loads = {'a': np.ones((3, 3)), 'b': np.ones((2, 3))}
    visualizer = Visualizer(name='figures', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    with paper_style():
        figures = {
            'maps': draw_expert_views(views),
            'tsne': draw_embeddings(models, 3),
            'load': draw_expert_load(loads, 8),
            'distances': draw_distances({label: distance_histogram(test) for label, test in models.items()}),
        }
        for name, figure in figures.items():
            files = save_figure(figure, tmp_path / name, visualizer)
            assert [file.suffix for file in files] == ['.png', '.pdf'] and all(
                file.stat().st_size > 2000 for file in files
            )
            pixels = to_pixels(figure)
            assert pixels.dtype == np.uint8 and pixels.shape[2] == 3 and pixels.std() > 5
    assert len(list(tmp_path.glob('vis_data/vis_image/*.png'))) == 4
    with paper_style():  # without structure or without semantic experts there are fewer columns
        both = len(draw_expert_views(views).axes)
        views[0].weights = None
        assert len(draw_expert_views(views).axes) == both - 3 * 3 - 1


def test_load_table_has_a_row_an_expert():
    assert expert_load_table({'a': np.array([[1.0, 2.0, 3.0]]), 'b': np.zeros((2, 3))}).rows == [
        ['a', 1, 1.0, 2.0, 3.0],
        ['b', 1, 0.0, 0.0, 0.0],
        ['b', 2, 0.0, 0.0, 0.0],
    ]


def test_the_six_cases_and_all():
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


def test_missing_table_puts_models_side_by_side():
    full = {'nothing': {'mAP': 80.0, 'R-1': 90.0}, 'captions': {'mAP': 70.0, 'R-1': 75.0}}
    table = missing_table('T', [('NEXT', full), ('baseline', {'nothing': {'mAP': 60.0, 'R-1': 65.0}})])
    assert table.columns == ['missing at test', 'NEXT mAP', 'NEXT R-1', 'baseline mAP', 'baseline R-1']
    assert table.rows == [['nothing', 80.0, 90.0, 60.0, 65.0], ['captions', 70.0, 75.0, None, None]]


def test_outputs_are_watched_while_the_context_is_open():
    module = nn.Linear(2, 2)
    with watch(module) as outputs:
        module(torch.ones(1, 2))
    module(torch.ones(1, 2))
    assert len(outputs) == 1
    with pytest.raises(ValueError, match='no semantic experts'):
        require_experts(module, 'semantic')


def test_pictures_are_stacked_on_white():
    tall = stack([np.zeros((2, 3, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)])
    assert tall.shape == (2 + 8 + 4 + 8, 5, 3) and (tall[:2, 3:] == 255).all() and (tall[10:14] == 0).all()
