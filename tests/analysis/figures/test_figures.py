"""Figures: the numbers behind them against slow loops, and files that appear."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from torch import nn

from next_mm.analysis.figures.distances import EDGES, DistanceHistogram, distance_histogram, draw_distances
from next_mm.analysis.figures.embedding import choose_identities, draw_embeddings, embed
from next_mm.analysis.figures.rank_lists import stack
from next_mm.apis.features import TestFeatures
from next_mm.structures import ReIDDataSample
from next_mm.visualization.style import paper_style, save_figure, to_pixels


def make_features(identities: int = 4, each: int = 5, spread: float = 0.5) -> TestFeatures:
    labels = np.repeat(np.arange(identities), each)
    centres = torch.randn(identities, 8)
    features = nn.functional.normalize(centres[labels] + spread * torch.randn(len(labels), 8))
    samples = [
        ReIDDataSample(metainfo=dict(identity=f'id{label}', is_query=index % 2 == 0, is_gallery=index % 3 != 0))
        for index, label in enumerate(labels)
    ]
    return TestFeatures(features, samples)


@pytest.mark.parametrize('chunk', [3, 512])
def test_distance_histogram_is_the_slow_loops(chunk: int) -> None:
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


def test_threshold_of_equal_errors() -> None:
    same, different = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
    same[[10, 20, 30, 60]] = 1
    different[[25, 50, 70, 80]] = 1
    # At the edge behind bin 30 a quarter of the same (60) lies above and a quarter of the different (25) below.
    threshold, error = DistanceHistogram(same, different).threshold()
    assert threshold == pytest.approx(EDGES[31])
    assert error == pytest.approx(0.25)


def test_overlap() -> None:
    one, other = np.array([1.0, 1.0, 0.0]), np.array([0.0, 3.0, 3.0])
    assert DistanceHistogram(one, other).overlap() == 0.5
    assert DistanceHistogram(one, 7 * one).overlap() == 1.0


def test_one_identity_has_no_different_pairs() -> None:
    with pytest.raises(ValueError, match='same and of different identities'):
        distance_histogram(make_features(identities=1))


def test_identities_with_most_samples_are_chosen() -> None:
    assert choose_identities(['b', 'a', 'c', 'c', 'a', 'd'], 3) == ['a', 'c', 'b']


def test_embedding_is_reproducible_and_keeps_identities_together() -> None:
    labels = np.repeat(np.arange(3), 12)
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(scale=0.05, size=(36, 3))
    points = embed(features, seed=1)
    np.testing.assert_array_equal(points, embed(features, seed=1))
    nearest = (np.linalg.norm(points[:, None] - points[None], axis=-1) + np.diag([np.inf] * 36)).argmin(axis=1)
    np.testing.assert_array_equal(labels[nearest], labels)
    with pytest.raises(ValueError, match='at least 4'):
        embed(np.ones((3, 2)))


def test_pictures_are_stacked_on_white() -> None:
    tall = stack([np.zeros((2, 3, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)])
    assert tall.shape == (2 + 8 + 4 + 8, 5, 3) and (tall[:2, 3:] == 255).all() and (tall[10:14] == 0).all()


def test_every_figure_is_drawn_saved_and_recorded(tmp_path: Path) -> None:
    models = {'a': make_features(), 'b': make_features()}
    visualizer = Visualizer(name='figures', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    with paper_style():
        figures = {
            'tsne': draw_embeddings(models, 3),
            'distances': draw_distances({label: distance_histogram(test) for label, test in models.items()}),
        }
        for name, figure in figures.items():
            files = save_figure(figure, tmp_path / name, visualizer)
            assert [file.suffix for file in files] == ['.png', '.pdf']
            assert all(file.stat().st_size > 2000 for file in files)
            pixels = to_pixels(figure)
            assert pixels.dtype == np.uint8
            assert pixels.shape[2] == 3
            assert pixels.std() > 5
    assert len(list(tmp_path.glob('vis_data/vis_image/*.png'))) == 2
