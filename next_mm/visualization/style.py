"""One style for all figures, and one way out: PNG and PDF files, and MMEngine's Visualizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from mmengine.visualization import Visualizer

matplotlib.use('Agg')

MODALITY_NAMES = ('RGB', 'NIR', 'TIR')
MODALITY_COLOURS = ('#4477AA', '#CCBB44', '#EE6677')
COLOURS = ('#4477AA', '#EE6677', '#228833', '#CCBB44', '#66CCEE', '#AA3377', '#BBBBBB')
"""Paul Tol's bright scheme, told apart by the colour-blind too."""

STYLE = {
    'font.size': 10,
    'axes.titlesize': 11,
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
    """Write a figure as ``stem``.png and ``stem``.pdf, and record it in the visualizer's backends
    (TensorBoard among them).

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
