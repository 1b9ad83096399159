"""A label map to draw figures on: every pixel names the material that it shows."""

from __future__ import annotations

import cv2
import numpy as np

_SHIFT = 4  # sub-pixel bits, so that small poses differ
Point = tuple[float, float]


class Canvas:
    """Draws in body units on a label map.

    Args:
        labels: (H, W) uint8, drawn in place.
        origin: pixel (x, y) of the point (0, 0).
        unit: pixels of one unit, the body height.
        offset: added to every label.
        mirrored: whether x points to the left.
    """

    def __init__(
        self, labels: np.ndarray, *, origin: Point, unit: float, offset: int = 0, mirrored: bool = False
    ) -> None:
        self.labels = labels
        self.offset = offset
        self._origin = np.array(origin)
        self._unit = np.array((-unit if mirrored else unit, unit))

    def _pixels(self, points: object) -> np.ndarray:
        return np.rint((np.asarray(points, float) * self._unit + self._origin) * (1 << _SHIFT)).astype(np.int32)

    def polygon(self, points: list[Point], label: int) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.labels, [self._pixels(points)], label + self.offset, shift=_SHIFT)

    def box(self, corner: Point, opposite: Point, label: int) -> None:
        """Fill an upright rectangle."""
        (x0, y0), (x1, y1) = corner, opposite
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], label)

    def ellipse(self, center: Point, radii: Point, label: int) -> None:
        """Fill an upright ellipse."""
        x, y = (int(value) for value in self._pixels(center))
        a, b = (max(int(radius * self._unit[1] * (1 << _SHIFT)), 1) for radius in radii)
        cv2.ellipse(self.labels, (x, y), (a, b), 0, 0, 360, label + self.offset, -1, cv2.LINE_8, _SHIFT)

    def limb(self, start: Point, end: Point, widths: Point, label: int) -> None:
        """Fill a tapered bar from start to end, rounded at its end."""
        (x0, y0), (x1, y1), (w0, w1) = start, end, widths
        length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
        nx, ny = (y1 - y0) / length, (x0 - x1) / length
        left = [(x0 + nx * w0, y0 + ny * w0), (x1 + nx * w1, y1 + ny * w1)]
        right = [(x1 - nx * w1, y1 - ny * w1), (x0 - nx * w0, y0 - ny * w0)]
        self.polygon(left + right, label)
        self.ellipse(end, (w1, w1), label)

    def weave(self, pattern: str, base: int, second: int, *, chest: tuple[Point, Point] | None) -> None:
        """Turn part of one material into its second yarn.

        Args:
            pattern: 'plain', 'striped', 'checked' or 'printed'.
            base: the material's label.
            second: label of the second yarn.
            chest: corners of the print, ``None`` where the print cannot be seen.
        """
        garment = self.labels == base + self.offset
        rows = (np.arange(self.labels.shape[0]) - self._origin[1]) / self._unit[1]
        columns = (np.arange(self.labels.shape[1]) - self._origin[0]) / self._unit[1]
        if pattern == 'striped':
            garment &= (rows % 0.058 < 0.026)[:, None]
        elif pattern == 'checked':
            garment &= (rows % 0.07 < 0.035)[:, None] ^ (columns % 0.07 < 0.035)[None]
        elif pattern == 'printed' and chest is not None:
            (x0, y0), (x1, y1) = chest
            garment &= ((rows > y0) & (rows < y1))[:, None] & ((columns > x0) & (columns < x1))[None]
        else:
            return
        self.labels[garment] = second + self.offset
