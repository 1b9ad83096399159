"""The chart of a study: mAP and R-1 of every row with the spread over seeds, and every seed as a dot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.analysis.studies.table import RowResult
from next_mm.analysis.tables import Stat
from next_mm.visualization.style import COLOURS


def draw_study(results: Sequence[RowResult], title: str) -> Figure:
    """Draw the finished rows of a study side by side.

    Args:
        results: one entry a row; rows without a finished run keep their place and stay empty.
        title: above the chart.
    """
    figure, axes = plt.subplots(figsize=(max(4.5, 1.15 * len(results) + 1.5), 3.6))
    places = np.arange(len(results))
    for offset, (metric, colour) in zip((-0.19, 0.19), (('mAP', COLOURS[0]), ('R-1', COLOURS[1])), strict=True):
        for place, result in zip(places, results, strict=True):
            _draw_bar(axes, place + offset, result.metrics.get(metric, []), colour, metric if place == 0 else None)
    for place, result in zip(places, results, strict=True):
        if not result.metrics:
            axes.annotate('failed' if result.errors else 'not run', (place, 2), ha='center', color='0.4', fontsize=9)
    axes.set_xticks(places, [_wrap(result.row.label) for result in results])
    axes.set_ylabel('%')
    axes.set_ylim(0, 100)
    axes.grid(axis='y', alpha=0.3)
    axes.set_title(title, loc='left')
    axes.legend(loc='lower right', bbox_to_anchor=(1.0, 1.0), ncols=2)
    return figure


def _draw_bar(axes: plt.Axes, place: float, values: list[float], colour: str, label: str | None) -> None:
    stat = Stat.of(values or [0.0])
    axes.bar(place, stat.mean, 0.36, yerr=stat.std, capsize=3, color=colour, label=label)
    if values:
        top = max(stat.mean + (stat.std or 0), *values, 0)
        axes.annotate(
            f'{stat.mean:.1f}', (place, top), xytext=(0, 3), textcoords='offset points', ha='center', fontsize=8
        )
    if len(values) > 1:
        axes.scatter([place] * len(values), values, s=9, color='black', alpha=0.6, zorder=3)


def _wrap(label: str, width: int = 14) -> str:
    lines = ['']
    for word in label.split():
        lines[-1:] = [f'{lines[-1]} {word}'.strip()] if len(f'{lines[-1]} {word}') <= width else [lines[-1], word]
    return '\n'.join(line for line in lines if line)
