"""The curves of a run: whatever was logged, grouped by what it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.analysis.run_logs import RunLog
from next_mm.triplet import MODALITIES
from next_mm.visualization.page import figure_svg
from next_mm.visualization.style import COLOURS, MODALITY_COLOURS, paper_style

__all__ = ['draw_curves']

LINES = ('-', '--', ':', '-.')
Curve = tuple[list[float], list[float]]


def draw_curves(log: RunLog) -> list[Markup]:
    """Draw losses, metrics, accuracy, learning rates, time, and what hooks logged: one SVG for each that was logged."""
    drawn = []
    with paper_style():
        for title, step, unit, keys in _groups(log):
            curves = {key.rpartition('/')[2].replace('_', ' '): log.curve(key) for key in keys}
            curves = {key: curve for key, curve in curves.items() if curve[0]}
            if curves:
                drawn.append(figure_svg(_draw_group(title, step, unit, curves)))
    return drawn


def _groups(log: RunLog) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield title, step, unit and logged quantities of each figure."""
    train = sorted({key for entry in log.train for key in entry})
    yield 'Loss', 'iteration', '', [key for key in train if 'loss' in key]
    yield 'Test metrics', 'epoch', '%', ['mAP', 'R-1', 'mINP']
    yield 'Accuracy on the training batches', 'iteration', '%', [key for key in train if key.endswith('accuracy')]
    yield 'Learning rate', 'iteration', '', ['base_lr', 'lr']
    hooks = sorted({key for entry in log.epochs for key in entry if '/' in key and not key.startswith('train')})
    for prefix, keys in groupby(hooks, key=lambda key: key.partition('/')[0]):
        yield prefix.removeprefix('val_').replace('_', ' ').capitalize() + ' in the tests', 'epoch', '', list(keys)
    yield 'Time of a training step', 'iteration', 's', ['time', 'data_time']


def _draw_group(title: str, step: str, unit: str, curves: dict[str, Curve]) -> Figure:
    figure, axes = plt.subplots(figsize=(5.0, 3.0))
    for (key, (steps, values)), (style, colour) in zip(curves.items(), _lines(list(curves))):
        marker = 'o' if len(steps) < 15 else None
        axes.plot(steps, values, style, color=colour, label=key, linewidth=1.5, marker=marker, markersize=3.5)
    axes.set_title(title)
    axes.set_xlabel(step)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    if len(curves) > 4:
        figure.legend(loc='outside right center', fontsize=8)
    elif len(curves) > 1:
        axes.legend()
    return figure


def _lines(keys: list[str]) -> Iterator[tuple[str, str]]:
    """Yield style and colour of each curve; where all names end with a modality, the colour says which."""
    words = [key.rpartition(' ') for key in keys]
    if all(modality in MODALITIES for _, _, modality in words):
        things = list(dict.fromkeys(thing for thing, _, _ in words))
        yield from ((LINES[things.index(thing) % len(LINES)], MODALITY_COLOURS[name]) for thing, _, name in words)
    else:
        for number in range(len(keys)):
            yield LINES[number // len(COLOURS) % len(LINES)], COLOURS[number % len(COLOURS)]
