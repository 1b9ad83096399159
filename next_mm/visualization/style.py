"""One style for all figures and pages, and one way out: PNG and PDF files, and MMEngine's Visualizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from next_mm.triplet import MODALITY_TABLE

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

if TYPE_CHECKING:  # it loads torch
    from mmengine.visualization import Visualizer

__all__ = [
    'COLOURS',
    'CORRECT',
    'MODALITY_COLOURS',
    'MODALITY_NAMES',
    'STYLE',
    'WRONG',
    'paper_style',
    'save_figure',
    'to_pixels',
]

COLOURS = ('#4477AA', '#EE6677', '#228833', '#CCBB44', '#66CCEE', '#AA3377', '#BBBBBB')
"""Paul Tol's bright scheme; colour-blind people can tell the colours apart too."""
CORRECT, WRONG = '#008C3C', '#CD1E1E'
"""Colours of correct and wrong matches; a symbol says the same."""
MODALITY_NAMES = tuple(modality.label for modality in MODALITY_TABLE)
MODALITY_COLOURS: dict[str, str] = {
    name: colour
    for modality, colour in zip(MODALITY_TABLE, ('#4477AA', '#CCBB44', '#EE6677'))
    for name in (modality.key, modality.label, modality.file_name)
}
"""Colour of a modality by its key, its label or its name in files."""

STYLE = {
    'font.size': 10,
    'axes.titlesize': 11,
    'axes.titlelocation': 'left',
    'axes.labelsize': 10,
    'legend.fontsize': 9,
    'xtick.labelsize': 9,
    'ytick.labelsize': 9,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.prop_cycle': matplotlib.cycler(color=COLOURS),
    'legend.frameon': False,
    'figure.constrained_layout.use': True,
    'savefig.dpi': 200,
    'pdf.fonttype': 42,
    'svg.fonttype': 'path',
    'axes.axisbelow': True,
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the project's style; every figure made inside is closed at the end."""
    with matplotlib.rc_context(STYLE):
        try:
            yield
        finally:
            plt.close('all')


def save_figure(figure: Figure, stem: Path, visualizer: Visualizer | None = None) -> list[Path]:
    """Write a figure as ``stem``.png and ``stem``.pdf, and record it in the visualizer's backends, such as TensorBoard.

    Args:
        figure: what to save.
        stem: path without suffix.
        visualizer: MMEngine's visualizer, or None.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(stem.name + suffix) for suffix in ('.png', '.pdf')]
    for path in paths:
        figure.savefig(path)
    if visualizer is not None:
        visualizer.add_image(stem.name, to_pixels(figure))
    return paths


def to_pixels(figure: Figure) -> np.ndarray:
    """Render a figure to an (H, W, 3) uint8 RGB picture."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
