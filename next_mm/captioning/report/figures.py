"""The charts of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.captioning.report.statistics import histogram_mean, histogram_quantile
from next_mm.captions.tokenizer import CONTEXT_LENGTH
from next_mm.visualization.style import COLOURS, MODALITY_COLOURS, STYLE, WRONG

__all__ = [
    'STEP_COLOURS',
    'agreement_bars',
    'bars',
    'colours_of',
    'confidence_boxes',
    'confidence_dots',
    'shares',
    'token_histogram',
]

STEP_COLOURS = {'merged': COLOURS[0], 'complemented': COLOURS[1]}
_SOURCES = COLOURS[2:6]
_REST = '#DDDDDD'
_STYLE = {**STYLE, 'text.parse_math': False}  # a dollar sign in a model's name is no formula


def colours_of(sources: Sequence[str]) -> dict[str, str]:
    """A colour for each model and step."""
    return {name: STEP_COLOURS.get(name, _SOURCES[index % len(_SOURCES)]) for index, name in enumerate(sources)}


def bars(panels: Mapping[str, Mapping[str, float]], colours: Mapping[str, str], digits: int = 1) -> Figure:
    """Horizontal bars, one panel for each quantity, with the value at each bar (Fig. 2)."""
    rows = max(map(len, panels.values()))
    with matplotlib.rc_context(_STYLE):
        figure, axes = plt.subplots(1, len(panels), figsize=(8.8, 0.8 + 0.34 * rows), sharey=True, squeeze=False)
        for axis, (title, values) in zip(axes[0], panels.items()):
            names = list(values)
            axis.barh(names, list(values.values()), color=[colours.get(n, _REST) for n in names], height=0.7)
            axis.bar_label(axis.containers[0], fmt=f'%.{digits}f', padding=3, fontsize=9)
            axis.set_title(title)
            axis.margins(x=0.22)
            axis.xaxis.set_visible(False)
            axis.spines['bottom'].set_visible(False)
            axis.tick_params(left=False)
        axes[0][0].invert_yaxis()  # shared: once for all
        return figure


def confidence_dots(names: Sequence[str], groups: Sequence[str], means: Mapping[str, Sequence[float]]) -> Figure:
    """Mean confidence by attribute and source: size and shade of a dot (Fig. 5 a)."""
    sources = list(means)
    with matplotlib.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(1.15 * len(sources) + 3.2, 0.32 * len(names) + 1.3))
        for column, source in enumerate(sources):
            values = np.asarray(means[source], float)
            known = np.flatnonzero(~np.isnan(values))
            dots = axis.scatter(
                np.full(len(known), column),
                known,
                s=20 + 380 * values[known] ** 3,
                c=values[known],
                cmap='YlOrBr',
                vmin=0.3,
                vmax=1,
                edgecolors='#555',
                linewidths=0.4,
            )
            for row in known:
                _label(axis, f'{values[row]:.2f}', (column, row), 13)
        for row in [r for r in range(1, len(names)) if groups[r] != groups[r - 1]]:
            axis.axhline(row - 0.5, color='#ccc', linewidth=0.8)
        axis.set_yticks(range(len(names)), names)
        axis.set_xticks(range(len(sources)), sources, rotation=20 if len(sources) > 3 else 0)
        axis.set_xlim(-0.5, len(sources) - 0.2)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_title('Mean confidence of known values')
        figure.colorbar(dots, ax=axis, shrink=0.5, label='confidence', pad=0.02)
        return figure


def _label(axis: plt.Axes, text: str, place: tuple[float, float], gap: int) -> None:
    axis.annotate(text, place, xytext=(gap, 0), textcoords='offset points', ha='left', va='center', fontsize=8)


def confidence_boxes(histograms: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Distribution of confidence by attribute group and source, unknowns left out (Fig. 5 b).

    Args:
        histograms: group -> source -> (101,) counts.
    """
    groups, sources = list(histograms), list(next(iter(histograms.values())))
    colours = colours_of(sources)
    with matplotlib.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(max(6.0, 2.0 * len(groups)), 3.6))
        width = 0.8 / len(sources)
        for column, source in enumerate(sources):
            boxes, places = [], []
            for row, group in enumerate(groups):
                counts = histograms[group][source]
                if counts.sum():
                    boxes.append(_box(counts))
                    places.append(row + (column - (len(sources) - 1) / 2) * width)
            axis.bxp(
                boxes,
                positions=places,
                widths=width * 0.8,
                patch_artist=True,
                showmeans=True,
                manage_ticks=False,
                boxprops=dict(facecolor=colours[source], edgecolor='#444', linewidth=0.7),
                medianprops=dict(color='#111'),
                meanprops=dict(marker='D', markersize=3, markerfacecolor='white', markeredgecolor='#111'),
            )
            axis.bar([0], [0], color=colours[source], label=source)
        axis.set_xticks(range(len(groups)), groups)
        axis.set_ylim(0, 1.02)
        axis.set_ylabel('confidence')
        axis.set_title('Confidence by attribute group (box: quartiles, whiskers: 5 and 95 %, diamond: mean)')
        axis.legend(ncols=len(sources), loc='lower left')
        return figure


def _box(counts: np.ndarray) -> dict[str, object]:
    low, q1, median, q3, high = (histogram_quantile(counts, share) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
    return dict(whislo=low, q1=q1, med=median, q3=q3, whishi=high, mean=histogram_mean(counts), fliers=[])


def agreement_bars(
    names: Sequence[str], series: Mapping[str, Sequence[float]], title: str, colours: Mapping[str, str]
) -> Figure:
    """Percent of agreement by attribute; a series named "by chance" is drawn as a mark."""
    drawn = {label: values for label, values in series.items() if label != 'by chance'}
    height = 0.8 / len(drawn)
    with matplotlib.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(7, 0.42 * len(names) + 1.1))
        for index, (label, values) in enumerate(drawn.items()):
            places = np.arange(len(names)) + (index - (len(drawn) - 1) / 2) * height
            colour = colours.get(label, COLOURS[index])
            axis.barh(places, np.nan_to_num(values), height=height * 0.9, label=label, color=colour)
            for place, value in zip(places, values):
                if not np.isnan(value):
                    _label(axis, f'{value:.0f}', (value, place), 3)
        if 'by chance' in series:
            marks = dict(marker='|', s=120, color='#111', label='any two pictures', zorder=3)
            axis.scatter(series['by chance'], range(len(names)), **marks)
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlim(0, 108)
        axis.set_xlabel('%')
        axis.set_title(title)
        axis.legend(loc='upper left', bbox_to_anchor=(1, 1))
        return figure


def token_histogram(tokens: Mapping[str, Sequence[int]]) -> Figure:
    """Caption lengths in CLIP tokens by modality, with the context limit."""
    with matplotlib.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(7, 3))
        longest = max(max(values) for values in tokens.values() if len(values))
        bins = np.arange(0, max(longest, CONTEXT_LENGTH) + 4, 2)
        for name, values in tokens.items():
            colour = MODALITY_COLOURS.get(name, _REST)
            axis.hist(values, bins=bins, histtype='stepfilled', alpha=0.45, color=colour, label=name)
        axis.axvline(CONTEXT_LENGTH, color=WRONG, linewidth=1.2)
        axis.annotate(
            f'{CONTEXT_LENGTH}: CLIP reads no further',
            (CONTEXT_LENGTH, axis.get_ylim()[1]),
            xytext=(-4, -4),
            textcoords='offset points',
            va='top',
            ha='right',
            color=WRONG,
            fontsize=9,
        )
        axis.set_xlabel('CLIP tokens, start and end counted')
        axis.set_ylabel('captions')
        axis.set_title('Length of captions')
        axis.legend(loc='upper left')
        return figure


def shares(
    names: Sequence[str], parts: Mapping[str, Sequence[float]], colours: Mapping[str, str], title: str
) -> Figure:
    """Stacked shares in percent by attribute."""
    with matplotlib.rc_context(_STYLE):
        figure, axis = plt.subplots(figsize=(7, 0.3 * len(names) + 1.2))
        left = np.zeros(len(names))
        for label, values in parts.items():
            axis.barh(names, values, left=left, color=colours.get(label, _REST), label=label, height=0.75)
            left += np.asarray(values, float)
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlim(0, 100)
        axis.set_xlabel('%')
        axis.set_title(title)
        axis.legend(loc='upper left', bbox_to_anchor=(1, 1))
        return figure
