"""What the experts look at: sampling masks of the semantic and weights of the structure experts over
the pictures (Fig. 9)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from next_mm.visualization.style import MODALITY_NAMES

VEIL, VEIL_OPACITY = np.array([52, 66, 112]), 0.85
"""Colour (RGB) and opacity that cover a patch which an expert does not take; blue, so that it shows on
pictures of darkness too."""
FONT, LINE, CHARACTER = 7.5, 0.135, 0.062
"""Size of the small texts in points, and height of a line and width of a character of that size, inches."""
GAP = 0.04
"""Space between two panels, inches."""


@dataclass
class ExpertView:
    """One triplet with what the experts make of it.

    Attributes:
        title: above its pictures.
        pictures: (3, H, W, 3) uint8.
        masks: (N_T, 3, rows, columns) of 0 and 1, or None without semantic experts.
        weights: (N_C, 3, rows, columns), summing to 1 over the experts, or None without structure experts.
        present: which of the three modalities are there.
        caption: what the semantic experts read, shown below.
    """

    title: str
    pictures: np.ndarray
    masks: np.ndarray | None
    weights: np.ndarray | None
    present: Sequence[bool] = (True, True, True)
    caption: str = ''


def enlarge(grid: np.ndarray, height: int, width: int) -> np.ndarray:
    """Repeat a (rows, columns) grid of patches to (height, width) pixels; overlapping patches
    share the picture evenly."""
    rows = np.arange(height) * grid.shape[0] // height
    columns = np.arange(width) * grid.shape[1] // width
    return grid[rows[:, None], columns[None]]


def show_mask(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Veil the patches of an (H, W, 3) uint8 picture that a (rows, columns) mask leaves out."""
    veil = VEIL_OPACITY * (1 - enlarge(mask, *picture.shape[:2]))[..., None]
    return (picture * (1 - veil) + VEIL * veil).round().astype(np.uint8)


def draw_expert_views(views: Sequence[ExpertView]) -> Figure:
    """Draw triplets: one row a modality, one column for the picture and for each expert.

    Upright pictures stand side by side, wide ones below each other.

    Args:
        views: triplets of equal picture size with the same experts.
    """
    heads = _headings(views[0])
    height, width = views[0].pictures.shape[1:3]
    upright = height > width
    size = (1.2 * width / height, 1.2) if upright else (1.5, 1.5 * height / width)  # of one panel, inches
    texts = [_wrap(view.caption, len(heads) * (size[0] + GAP)) for view in views]
    below = LINE * max(text.count('\n') + 1 if text else 0 for text in texts)
    block = (len(heads) * (size[0] + GAP), 3 * (size[1] + GAP) + 0.5 + below)
    across, down = (len(views), 1) if upright else (1, len(views))
    legend = _legend(views[0], across * (block[0] + 0.15) + 0.75)
    foot = LINE * (legend.count('\n') + 1) + 0.1
    page = (0.35 + across * (block[0] + 0.15) + 0.75, down * block[1] + 0.05 + foot)
    figure = plt.figure(figsize=page)
    figure.set_layout_engine('none')  # every panel has its place
    top = max((float(view.weights.max()) for view in views if view.weights is not None), default=0.0)
    image = None
    for number, view in enumerate(views):
        corner = (0.35 + (number % across) * (block[0] + 0.15), page[1] - (number // across) * block[1])
        image = _draw_view(figure, corner, size, view, heads, top, names=number % across == 0)
        bottom = corner[1] - block[1] + below
        figure.text(corner[0] / page[0], bottom / page[1], texts[number], va='top', fontsize=FONT, parse_math=False)
    figure.text(0.35 / page[0], (foot - 0.03) / page[1], legend, va='top', fontsize=FONT, color='0.25')
    if image is not None:
        bar = figure.add_axes((1 - 0.68 / page[0], (foot + 0.1) / page[1], 0.1 / page[0], 1 - (foot + 0.65) / page[1]))
        figure.colorbar(image, cax=bar, label='weight of the structure expert')
    return figure


def _wrap(text: str, inches: float) -> str:
    """Break a text into lines that fit a width."""
    return '\n'.join(textwrap.wrap(text, max(int(inches / CHARACTER), 20)))


def _legend(view: ExpertView, inches: float) -> str:
    """Say what the columns show."""
    semantic = '$E_t$: semantic experts; what an expert does not take is veiled in blue.'
    structure = '$E_c$: structure experts; brighter patches weigh more.'
    kinds = [text for text, shown in ((semantic, view.masks), (structure, view.weights)) if shown is not None]
    return _wrap(' '.join(kinds), inches)


def _headings(view: ExpertView) -> list[str]:
    semantic = [] if view.masks is None else [f'$E_t^{{({index + 1})}}$' for index in range(len(view.masks))]
    structure = [] if view.weights is None else [f'$E_c^{{({index + 1})}}$' for index in range(len(view.weights))]
    return ['picture', *semantic, *structure]


def _draw_view(
    figure: Figure,
    corner: tuple[float, float],
    size: tuple[float, float],
    view: ExpertView,
    heads: list[str],
    top: float,
    names: bool,
) -> AxesImage | None:
    """Draw one triplet below and right of ``corner`` (inches); returns a heat map for the colour bar."""
    page, image = figure.get_size_inches(), None
    middle = corner[0] + len(heads) * (size[0] + GAP) / 2
    figure.text(middle / page[0], (corner[1] - 0.05) / page[1], view.title, ha='center', va='top', fontsize=10)
    for modality in range(3):
        panels = _panels(view, modality)
        for column, (picture, weight) in enumerate(panels):
            left, bottom = (
                corner[0] + column * (size[0] + GAP),
                corner[1] - 0.5 - (modality + 1) * (size[1] + GAP) + GAP,
            )
            axis = figure.add_axes((left / page[0], bottom / page[1], size[0] / page[0], size[1] / page[1]))
            axis.imshow(picture, aspect='auto')
            if weight is not None:
                image = axis.imshow(weight, cmap='inferno', alpha=0.65, vmin=0, vmax=top, aspect='auto')
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if modality == 0:
                axis.set_title(heads[column], fontsize=9, pad=3)
            if not view.present[modality]:
                axis.text(
                    0.5, 0.5, 'absent', transform=axis.transAxes, ha='center', va='center', color='white', fontsize=7
                )
            if names and column == 0:
                axis.set_ylabel(MODALITY_NAMES[modality], fontsize=9)
    return image


def _panels(view: ExpertView, modality: int) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """The pictures of one row, each with the heat map that lies over it."""
    picture = view.pictures[modality]
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    masked = [] if view.masks is None else [(show_mask(picture, mask[modality]), None) for mask in view.masks]
    heated = (
        []
        if view.weights is None
        else [(grey, enlarge(weight[modality], *picture.shape[:2])) for weight in view.weights]
    )
    return [(picture, None), *masked, *heated]
