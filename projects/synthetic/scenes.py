"""Four camera scenes to stand before: a street, a park, a brick wall and a hall, in three modalities."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from projects.synthetic.attributes import rng_for

_MARGIN = 1.5  # a scene is larger than a picture by this factor, so that each triplet sees another part
_HORIZON = 0.55


@lru_cache(maxsize=16)
def scene(camera: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The empty scene of a camera.

    Args:
        camera: 1 to 4.
        height, width: size of a picture in pixels; the scene is 1.5 times as large.

    Returns:
        RGB (1.5 H, 1.5 W, 3), NIR and TIR (1.5 H, 1.5 W), float32 in [0, 1].
    """
    rng = rng_for(77, camera)
    rows, columns = int(height * _MARGIN), int(width * _MARGIN)
    ground_row = int(rows * _HORIZON)
    wall, ground, nir, tir = {
        1: ((0.56, 0.57, 0.6), (0.36, 0.36, 0.38), (0.45, 0.3), (0.34, 0.46)),
        2: ((0.3, 0.44, 0.24), (0.46, 0.42, 0.3), (0.8, 0.5), (0.26, 0.34)),
        3: ((0.55, 0.32, 0.25), (0.5, 0.48, 0.46), (0.5, 0.42), (0.44, 0.38)),
        4: ((0.72, 0.68, 0.58), (0.42, 0.34, 0.28), (0.62, 0.36), (0.3, 0.28)),
    }[camera]
    rgb = np.empty((rows, columns, 3), np.float32)
    rgb[:ground_row], rgb[ground_row:] = wall, ground
    infrared, thermal = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    infrared[:ground_row], infrared[ground_row:] = nir
    thermal[:ground_row], thermal[ground_row:] = tir
    for _ in range(16):
        _add_thing(rng, camera, rgb, infrared, thermal)
    for image, strength in ((rgb, 0.3), (infrared, 0.24), (thermal, 0.14)):
        grains = [rng.uniform(-1, 1, (size * 2, size)).astype(np.float32) for size in (4, 11, 30)]
        texture = sum(cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC) for grain in grains) / len(
            grains
        )
        image *= 1 + strength * (texture[..., None] if image.ndim == 3 else texture)
    return rgb.clip(0, 1), infrared.clip(0, 1), thermal.clip(0, 1)


def _add_thing(rng: np.random.Generator, camera: int, rgb: np.ndarray, nir: np.ndarray, tir: np.ndarray) -> None:
    """A window, bush, brick, lamp post: a patch with its own colour, reflectance and temperature."""
    rows, columns = nir.shape
    x, y = int(rng.integers(columns)), int(rng.integers(rows))
    color = tuple(
        float(c) for c in (rgb[min(y, rows - 1), x] * rng.uniform(0.45, 1.5) + rng.uniform(-0.08, 0.08, 3)).clip(0, 1)
    )
    values = float(rng.uniform(0.2, 0.85)), float(rng.uniform(0.18, 0.5))
    if camera == 2:
        axes = (int(rng.uniform(0.06, 0.22) * columns), int(rng.uniform(0.04, 0.12) * rows))
        for image, value in zip((rgb, nir, tir), (color, *values)):
            cv2.ellipse(image, (x, y), axes, 0, 0, 360, value, -1)
        return
    w, h = int(rng.uniform(0.05, 0.3) * columns), int(rng.uniform(0.04, 0.28) * rows)
    for image, value in zip((rgb, nir, tir), (color, *values)):
        cv2.rectangle(image, (x, y), (x + w, y + h), value, -1)
