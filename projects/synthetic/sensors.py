"""From a label map to what three cameras record: colour, reflectance, heat, and what each sensor suffers."""

from __future__ import annotations

import cv2
import numpy as np

from projects.synthetic.attributes import NUM_HEAT_BANDS, Damage, PersonIdentity, rng_for
from projects.synthetic.person import NUM_MATERIALS, Material

RGB_OF = dict(
    black=(32, 31, 35),
    white=(228, 227, 222),
    gray=(126, 127, 130),
    red=(178, 34, 38),
    orange=(219, 116, 34),
    yellow=(218, 190, 52),
    green=(48, 122, 62),
    blue=(42, 78, 158),
    purple=(104, 56, 138),
    pink=(220, 138, 166),
    brown=(106, 70, 44),
)
"""Display colour (R, G, B) of each named colour."""

_WHITE_BALANCE = {1: (1.0, 1.0, 1.0), 2: (1.12, 1.0, 0.84), 3: (0.84, 0.97, 1.16), 4: (0.96, 1.08, 0.92)}
_NIR_GAIN = {1: 1.0, 2: 0.92, 3: 1.06, 4: 0.97}
_TIR_RANGE = {1: (0.0, 1.0), 2: (0.08, 0.86), 3: (-0.04, 0.95), 4: (0.12, 0.9)}


def rgb_palette(person: PersonIdentity) -> np.ndarray:
    """Colour of each material, (NUM_MATERIALS, 3) in [0, 255]."""
    upper, lower = (
        np.array(RGB_OF[color], float) * shade
        for color, shade in zip((person.upper_color, person.lower_color), person.shade)
    )
    second = upper if person.upper_pattern == 'plain' else np.array(RGB_OF[person.second_color], float)
    skin = np.array((238, 196, 168)) * (1 - 0.62 * person.skin)
    blond = person.hair_tone**3 * np.array((150, 110, 60))
    hair = np.array((168, 166, 164)) if person.age == 'senior' else np.array((22, 18, 16)) + blond
    luggage, shoe = np.array(RGB_OF[person.luggage_color]), np.array(RGB_OF[person.footwear_color])
    rng = rng_for(person.seed)
    palette = np.zeros((NUM_MATERIALS, 3))
    palette[[Material.SKIN, Material.FACE]] = skin
    palette[Material.HAIR], palette[Material.HAT] = hair, rng.uniform(30, 200, 3)
    palette[Material.UPPER], palette[Material.UPPER_SECOND], palette[Material.TRIM] = upper, second, upper * 0.6 + 20
    palette[Material.LOWER] = lower * (1.0, 1.0, 1.1) if person.lower_type == 'jeans' else lower
    palette[Material.FOOTWEAR], palette[Material.LUGGAGE], palette[Material.STRAP] = shoe, luggage, luggage * 0.5 + 10
    palette[Material.GLASSES], palette[Material.OBJECT] = (20, 20, 26), rng.uniform(40, 220, 3)
    return palette.clip(0, 255)


def nir_palette(person: PersonIdentity) -> np.ndarray:
    """Near-infrared brightness of each material, (NUM_MATERIALS,) in [0, 1]; dyes are transparent there, so
    colour plays no part."""
    upper, second, lower, hair, luggage = person.reflectance
    palette = np.zeros(NUM_MATERIALS)
    palette[[Material.SKIN, Material.FACE]] = 0.72
    palette[Material.HAIR], palette[Material.HAT] = 0.15 + 0.4 * hair, second
    palette[Material.UPPER], palette[Material.UPPER_SECOND], palette[Material.TRIM] = upper, second, upper * 0.7 + 0.05
    palette[Material.LOWER], palette[Material.FOOTWEAR] = lower, 1 - second * 0.8
    palette[Material.LUGGAGE], palette[Material.STRAP] = luggage, luggage * 0.6
    palette[Material.GLASSES], palette[Material.OBJECT] = 0.12, 0.5
    return palette


def tir_palette(person: PersonIdentity) -> np.ndarray:
    """Thermal brightness of each material, (NUM_MATERIALS,) in [0, 1], before the heat bands of
    the clothes are added."""
    insulation = {'t-shirt': 0.12, 'shirt': 0.08, 'sweater': 0.02, 'jacket': -0.05, 'coat': -0.1}[person.upper_type]
    palette = np.zeros(NUM_MATERIALS)
    palette[Material.SKIN], palette[Material.FACE] = 0.84, 0.94
    palette[Material.HAIR], palette[Material.HAT] = 0.5, 0.42
    palette[[Material.UPPER, Material.UPPER_SECOND]] = 0.5 + insulation
    palette[Material.TRIM], palette[Material.LOWER] = 0.56 + insulation, 0.52
    palette[Material.FOOTWEAR], palette[Material.LUGGAGE], palette[Material.STRAP] = 0.4, 0.2, 0.24
    palette[Material.GLASSES], palette[Material.OBJECT] = 0.3, 0.22
    return palette


def heat_profile(person: PersonIdentity, rows: np.ndarray) -> np.ndarray:
    """Heat that the clothes let through at each height.

    Args:
        person: whose three bands, from shoulders to shins.
        rows: (H,) height in body units, 0 the top of the head.

    Returns:
        (H,) added to the thermal brightness of garments.
    """
    centers = np.linspace(0.21, 0.88, NUM_HEAT_BANDS)
    return 0.3 * (np.interp(rows, centers, person.heat) - 0.5)


def expose(picture: np.ndarray, damage: Damage, rng: np.random.Generator) -> np.ndarray:
    """Damage one picture as its sensor would.

    Args:
        picture: (H, W, C) float32 in [0, 1].
        damage: what happens.
        rng: source of the noise.

    Returns:
        (H, W, C) uint8.
    """
    height, width = picture.shape[:2]
    if damage.contrast != 1:
        picture = (picture - np.float32(0.45)) * np.float32(damage.contrast) + np.float32(0.45)
    picture = picture * np.float32(damage.exposure)
    x, y, radius, strength = damage.glare
    if strength:
        dy = (np.arange(height, dtype=np.float32) / height - y)[:, None] * 2
        dx = (np.arange(width, dtype=np.float32) / width - x)[None]
        halo = np.exp((dx * dx + dy * dy) * np.float32(-1 / (radius * radius)))
        picture = picture + np.float32(strength) * halo[..., None]
    sigma = damage.blur * height / 64
    if sigma > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma).reshape(height, width, -1)
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    return ((picture + np.float32(damage.noise) * noise) * 255).clip(0, 255).astype(np.uint8)


def white_balance(camera: int) -> np.ndarray:
    """Gain of R, G, B of one camera; (3,) float32."""
    return np.array(_WHITE_BALANCE[camera], np.float32)


def nir_gain(camera: int) -> float:
    """Gain of one camera's near-infrared sensor."""
    return _NIR_GAIN[camera]


def tir_range(camera: int) -> tuple[float, float]:
    """Offset and gain of one camera's thermal sensor."""
    return _TIR_RANGE[camera]
