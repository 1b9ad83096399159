"""Four camera scenes to stand before: a street, a park, a brick wall and a hall, in three modalities."""
from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from projects.demo.attributes import rng_for

_MARGIN = 1.5  # a scene is larger than a picture by this factor, so that each triplet sees another part
_HORIZON = .55


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
        1: ((.56, .57, .6), (.36, .36, .38), (.45, .3), (.34, .46)),
        2: ((.3, .44, .24), (.46, .42, .3), (.8, .5), (.26, .34)),
        3: ((.55, .32, .25), (.5, .48, .46), (.5, .42), (.44, .38)),
        4: ((.72, .68, .58), (.42, .34, .28), (.62, .36), (.3, .28))}[camera]
    rgb = np.empty((rows, columns, 3), np.float32)
    rgb[:ground_row], rgb[ground_row:] = wall, ground
    infrared, thermal = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    infrared[:ground_row], infrared[ground_row:] = nir
    thermal[:ground_row], thermal[ground_row:] = tir
    for _ in range(16):
        _add_thing(rng, camera, rgb, infrared, thermal)
    for image, strength in ((rgb, .3), (infrared, .24), (thermal, .14)):
        grains = [rng.uniform(-1, 1, (size * 2, size)).astype(np.float32) for size in (4, 11, 30)]
        texture = sum(cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC) for grain in grains) / len(grains)
        image *= 1 + strength * (texture[..., None] if image.ndim == 3 else texture)
    return rgb.clip(0, 1), infrared.clip(0, 1), thermal.clip(0, 1)


def _add_thing(rng: np.random.Generator, camera: int, rgb: np.ndarray, nir: np.ndarray, tir: np.ndarray) -> None:
    """A window, bush, brick, lamp post: a patch with its own colour, reflectance and temperature."""
    rows, columns = nir.shape
    x, y = int(rng.integers(columns)), int(rng.integers(rows))
    color = tuple(float(c) for c in (rgb[min(y, rows - 1), x] * rng.uniform(.45, 1.5) + rng.uniform(-.08, .08, 3)).clip(0, 1))
    values = float(rng.uniform(.2, .85)), float(rng.uniform(.18, .5))
    if camera == 2:
        axes = (int(rng.uniform(.06, .22) * columns), int(rng.uniform(.04, .12) * rows))
        for image, value in zip((rgb, nir, tir), (color, *values)):
            cv2.ellipse(image, (x, y), axes, 0, 0, 360, value, -1)
        return
    w, h = int(rng.uniform(.05, .3) * columns), int(rng.uniform(.04, .28) * rows)
    for image, value in zip((rgb, nir, tir), (color, *values)):
        cv2.rectangle(image, (x, y), (x + w, y + h), value, -1)
