"""t-SNE of identity features, several models side by side (Fig. 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from next_mm.apis.features import TestFeatures
from next_mm.errors import UserError

MARKERS = 'os^DvP*X<>'


def choose_identities(identities: Sequence[str], count: int) -> list[str]:
    """The ``count`` identities with most samples, those of equal number in the order of their names."""
    return [name for name, _ in sorted(Counter(identities).items(), key=lambda item: (-item[1], item[0]))[:count]]


def embed(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Map (N, F) features to the plane by t-SNE on cosine distance.

    Args:
        features: at least 4 rows.
        seed: of the initialisation; the same seed gives the same picture.

    Raises:
        UserError: too few rows.
    """
    if len(features) < 4:
        raise UserError(f'features: expected at least 4 samples for t-SNE, got {len(features)}')
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(metric='cosine', init='random', perplexity=perplexity, random_state=seed).fit_transform(features)


def draw_embeddings(models: Mapping[str, TestFeatures], count: int = 12, seed: int = 0) -> Figure:
    """Draw the same identities as each model sees them, with their silhouette in feature space.

    Args:
        models: label -> features of the same test set.
        count: number of identities.
        seed: of t-SNE.
    """
    chosen = choose_identities(next(iter(models.values())).identities, count)
    figure, axes = plt.subplots(1, len(models), figsize=(3.1 * len(models) + 0.9, 3.3), squeeze=False)
    for letter, (axis, (label, test)) in enumerate(zip(axes[0], models.items(), strict=True)):
        rows = [index for index, identity in enumerate(test.identities) if identity in chosen]
        features = test.features[rows].numpy()
        identities = [test.identities[index] for index in rows]
        score = silhouette_score(features, identities, metric='cosine')
        _scatter(axis, embed(features, seed), identities, chosen)
        axis.set_title(f'({chr(97 + letter)}) {label}\nsilhouette {score:.2f}')
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside right center', title='identity', handletextpad=0.2, markerscale=1.4)
    return figure


def _scatter(axis: plt.Axes, points: np.ndarray, identities: Sequence[str], chosen: Sequence[str]) -> None:
    colours = plt.get_cmap('tab20')
    for index, name in enumerate(chosen):
        own = points[[identity == name for identity in identities]]
        axis.scatter(
            own[:, 0],
            own[:, 1],
            s=16,
            color=colours(index % 20),
            marker=MARKERS[index % len(MARKERS)],
            linewidths=0,
            alpha=0.85,
            label=name,
        )
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[['top', 'right']].set_visible(True)
    axis.set_box_aspect(1)
