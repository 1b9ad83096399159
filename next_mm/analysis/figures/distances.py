"""How far apart same and different identities lie: histograms of the distances between query and gallery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch.nn.functional import normalize

from next_mm.apis.features import TestFeatures
from next_mm.errors import UserError
from next_mm.visualization.style import COLOURS

EDGES = np.linspace(0.0, 2.0, 101)
"""Bins of the Euclidean distance between normalised features, which lies within 0 and 2."""


@dataclass
class DistanceHistogram:
    """Counts over :data:`EDGES` of the pairs of same and of different identity."""

    same: np.ndarray
    different: np.ndarray

    def threshold(self) -> tuple[float, float]:
        """Return the equal-error distance and rate: pairs of two identities below, pairs of one identity above it."""
        refused = 1 - self.same.cumsum() / self.same.sum()
        accepted = self.different.cumsum() / self.different.sum()
        place = int(np.abs(refused - accepted).argmin())
        return float(EDGES[place + 1]), float((refused[place] + accepted[place]) / 2)

    def overlap(self) -> float:
        """Share that the two normalised histograms have in common: 0 when they are apart, 1 when they coincide."""
        return float(np.minimum(self.same / self.same.sum(), self.different / self.different.sum()).sum())


def distance_histogram(test: TestFeatures, chunk: int = 512) -> DistanceHistogram:
    """Count the distances of all query-gallery pairs but those of a picture with itself.

    Args:
        test: features of the test set.
        chunk: queries at a time; bounds the memory.

    Raises:
        UserError: there is no pair of the same or none of different identities.
    """
    features = normalize(test.features, dim=1)
    query = [index for index, sample in enumerate(test.samples) if sample.is_query]
    gallery = [index for index, sample in enumerate(test.samples) if sample.is_gallery]
    numbers = {identity: number for number, identity in enumerate(dict.fromkeys(test.identities))}
    labels = torch.tensor([numbers[identity] for identity in test.identities])
    same, different = np.zeros(len(EDGES) - 1), np.zeros(len(EDGES) - 1)
    for start in range(0, len(query), chunk):
        rows = torch.tensor(query[start : start + chunk])
        columns = torch.tensor(gallery)
        distances = (2 - 2 * features[rows] @ features[columns].T).clamp(min=0).sqrt()
        equal = labels[rows][:, None] == labels[columns][None]
        other = rows[:, None] != columns[None]
        same += np.histogram(distances[equal & other].numpy(), EDGES)[0]
        different += np.histogram(distances[~equal].numpy(), EDGES)[0]
    if not same.sum() or not different.sum():
        raise UserError(
            f'expected pairs of same and of different identities, got {int(same.sum())} and {int(different.sum())}'
        )
    return DistanceHistogram(same, different)


def draw_distances(models: Mapping[str, DistanceHistogram]) -> Figure:
    """Draw one histogram a model, on common axes.

    Args:
        models: label -> histogram.
    """
    figure, axes = plt.subplots(
        1, len(models), figsize=(3.1 * len(models) + 0.6, 3.0), sharex=True, sharey=True, squeeze=False
    )
    width = EDGES[1] - EDGES[0]
    for axis, (label, histogram) in zip(axes[0], models.items(), strict=True):
        for kind, colour in (('different', COLOURS[1]), ('same', COLOURS[0])):
            counts = getattr(histogram, kind)
            share = 100 * counts / counts.sum()
            axis.stairs(share, EDGES, fill=True, alpha=0.45, color=colour)
            axis.stairs(share, EDGES, color=colour, linewidth=1.2, label=f'{kind} identity')
            mean = float((share * (EDGES[:-1] + width / 2)).sum() / 100)
            axis.axvline(mean, color=colour, linestyle='--', linewidth=1)
        threshold, error = histogram.threshold()
        axis.axvline(threshold, color='0.2', linewidth=1.2, label='threshold of equal errors')
        axis.set_title(
            f'{label}\noverlap {100 * histogram.overlap():.1f} %, errors {100 * error:.1f} % at {threshold:.2f}',
            fontsize=10,
        )
        axis.set_xlabel('Euclidean distance')
    axes[0, 0].set_ylabel('share of pairs, %')
    seen = np.flatnonzero(sum(h.same + h.different for h in models.values()))
    axes[0, 0].set_xlim(EDGES[max(0, seen[0] - 2)], EDGES[min(len(EDGES) - 1, seen[-1] + 3)])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc='outside lower center', ncols=3)
    return figure
