"""The chart of a study: mAP and R-1 of every row, the mean with its spread over seeds and every seed as a dot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.analysis.studies.table import RowResult
from next_mm.analysis.tables import Stat
from next_mm.visualization.style import COLOURS

_METRICS = ('mAP', 'R-1')
_OFFSET = 0.12


def draw_study(results: Sequence[RowResult], title: str) -> Figure:
    """Draw the finished rows of a study side by side.

    The axis spans what was measured, so that small differences show; the points are no bars, whose length would lie.

    Args:
        results: one entry a row; rows without a finished run keep their place and stay empty.
        title: above the chart.
    """
    figure, axes = plt.subplots(figsize=(max(4.5, 0.95 * len(results) + 1.5), 3.6))
    low, high = _span(results)
    for offset, metric, colour in zip((-_OFFSET, _OFFSET), _METRICS, COLOURS):
        for place, result in enumerate(results):
            if values := result.metrics.get(metric):
                _draw_point(axes, place + offset, values, colour)
        axes.plot([], [], 'o', color=colour, label=metric)
    for place, result in enumerate(results):
        if not result.metrics:
            text = 'failed' if result.errors else 'not run'
            axes.annotate(text, (place, low + 0.03 * (high - low)), ha='center', color='0.4', fontsize=9)
    axes.set_xticks(np.arange(len(results)), [_wrap(result.row.label) for result in results])
    axes.set_xlim(-0.5, len(results) - 0.5)
    axes.set_ylabel('%')
    axes.set_ylim(low, high)
    axes.grid(axis='y', alpha=0.3)
    axes.set_title(title, loc='left')
    axes.legend(loc='lower right', bbox_to_anchor=(1.0, 1.0), ncols=2)
    return figure


def _span(results: Sequence[RowResult]) -> tuple[float, float]:
    """Lower and upper end of the axis: all seeds and spreads with some room, at least 5 points."""
    ends = []
    for result in results:
        for values in filter(None, (result.metrics.get(metric) for metric in _METRICS)):
            stat = Stat.of(values)
            spread = stat.std or 0
            ends += [*values, stat.mean - spread, stat.mean + spread]
    if not ends:
        return 0, 100
    room = max(0.1 * (max(ends) - min(ends)), (5 - (max(ends) - min(ends))) / 2, 0.5)
    return max(0, min(ends) - room), min(100, max(ends) + 1.5 * room)


def _draw_point(axes: plt.Axes, place: float, values: list[float], colour: str) -> None:
    stat = Stat.of(values)
    axes.errorbar(place, stat.mean, yerr=stat.std, fmt='o', markersize=7, capsize=4, color=colour)
    if len(values) > 1:
        axes.scatter([place] * len(values), values, s=9, color='black', alpha=0.6, zorder=3)
    top = max(stat.mean + (stat.std or 0), *values, 0)
    axes.annotate(f'{stat.mean:.1f}', (place, top), xytext=(0, 4), textcoords='offset points', ha='center', fontsize=8)


def _wrap(label: str, width: int = 14) -> str:
    lines = ['']
    for word in label.split():
        lines[-1:] = [f'{lines[-1]} {word}'.strip()] if len(f'{lines[-1]} {word}') <= width else [lines[-1], word]
    return '\n'.join(line for line in lines if line)
