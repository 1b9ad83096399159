"""Tokens that each semantic expert takes from each modality (Fig. 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from next_mm.errors import UserError
from next_mm.methods.next.expert_load import ExpertLoadMeter
from next_mm.methods.next.watching import require_experts
from next_mm.visualization.style import MODALITY_COLOURS, MODALITY_NAMES

LOAD_HEADER = ('model', 'expert', *MODALITY_NAMES)
"""Columns of :func:`expert_load_rows`."""


def measure_expert_load(model: nn.Module, predictions: Iterable[Any]) -> np.ndarray:
    """Return the mean number of tokens that each expert takes from each modality of a triplet, (N_T, 3).

    Args:
        model: a NEXTReID.
        predictions: runs the model over the triplets while it is iterated.

    Raises:
        UserError: the model has no semantic experts, or there is no triplet.
    """
    meter = ExpertLoadMeter(require_experts(model, 'semantic'))
    try:
        for _ in predictions:
            pass
        load = meter.tokens_per_sample()
        if load is None:
            raise UserError('expert load: expected triplets to count, got none')
        return load.numpy()
    finally:
        meter.close()


def expert_load_rows(models: Mapping[str, np.ndarray]) -> list[list[Any]]:
    """Return a row for each model and expert, with the columns of :data:`LOAD_HEADER`."""
    return [[label, expert + 1, *row] for label, load in models.items() for expert, row in enumerate(load.tolist())]


def draw_expert_load(models: Mapping[str, np.ndarray], num_tokens: int) -> Figure:
    """Draw the mean number of tokens taken from a triplet.

    Args:
        models: label -> (N_T, 3) tokens by expert and modality.
        num_tokens: tokens N of one modality's picture, drawn as the limit.
    """
    widths = [len(load) for load in models.values()]
    figure, axes = plt.subplots(
        1, len(models), figsize=(0.95 * sum(widths) + 1.6, 3.0), sharey=True, squeeze=False, width_ratios=widths
    )
    for axis, (label, load) in zip(axes[0], models.items(), strict=True):
        for modality, name in enumerate(MODALITY_NAMES):
            bars = axis.bar(
                np.arange(len(load)) + 0.27 * (modality - 1),
                load[:, modality],
                0.25,
                color=MODALITY_COLOURS[name],
                label=name,
            )
            axis.bar_label(bars, fmt='%.0f', fontsize=8, padding=1)
        axis.axhline(num_tokens, color='0.5', linestyle=':', linewidth=1)
        axis.set_xticks(range(len(load)), [f'$E_t^{{({index + 1})}}$' for index in range(len(load))])
        axis.set_title(label)
    axes[0, 0].set_ylabel(f'tokens taken (of {num_tokens})')
    axes[0, 0].set_ylim(0, num_tokens * 1.1)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=3)
    return figure
