"""Render a triplet: one person or vehicle, one environment, three aligned pictures."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from projects.synthetic.attributes import Environment, PersonIdentity, rng_for
from projects.synthetic.canvas import Canvas
from projects.synthetic.person import NUM_MATERIALS, Material, draw_person
from projects.synthetic.scenes import scene
from projects.synthetic.sensors import (
    expose,
    heat_profile,
    nir_gain,
    nir_palette,
    rgb_palette,
    tir_palette,
    tir_range,
    white_balance,
)
from projects.synthetic.vehicle import Part, Vehicle, draw_vehicle, vehicle_palettes

Triplet = tuple[np.ndarray, np.ndarray, np.ndarray]
_GARMENTS = (Material.UPPER, Material.UPPER_SECOND, Material.TRIM, Material.LOWER)
PICTURE_SIZE = (128, 64)
"""Height and width of the synthetic data's files; the model sees half of it."""


@lru_cache(maxsize=4096)
def _palettes(person: PersonIdentity) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rgb_palette(person) / 255, nir_palette(person), tir_palette(person)


def draw_labels(
    person: PersonIdentity, environment: Environment, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the material of each pixel, of the person and the bystander, the nearer one in front.

    Returns:
        labels (H, W) uint8, and (2, H) the height of each row in body units of person and bystander.
    """
    height, width = size
    labels = np.zeros(size, np.uint8)
    profile = np.empty((2, height), np.float32)
    unit = environment.scale * height * 0.94
    top = height * (0.5 + environment.shift[1]) - unit / 2 + 0.02 * height
    center = width * (0.5 + environment.shift[0])
    figures = [(person, 1.0, environment.stride)]
    if environment.bystander is not None:
        figures.append((environment.bystander, environment.bystander_scale, -environment.stride))
    if environment.beside:
        center -= environment.bystander_shift * height / 2  # the two are the middle of the picture
    order = range(len(figures))
    for index in order if environment.bystander_front else reversed(order):  # the nearer one last
        who, scale, stride = figures[index]
        own = unit * scale
        origin = (center + index * environment.bystander_shift * height, top + (unit - own) * 0.9)
        canvas = Canvas(
            labels, origin=origin, unit=own, offset=NUM_MATERIALS * index, mirrored=environment.mirrored != bool(index)
        )
        draw_person(canvas, who, view=environment.view, stride=stride)
        profile[index] = (np.arange(height) - origin[1]) / own
    return labels, profile


def _garment_heat(labels: np.ndarray, profile: np.ndarray, people: list[PersonIdentity]) -> np.ndarray:
    """Heat that clothes let through, (H, W)."""
    heat = np.zeros(labels.shape, np.float32)
    for index, person in enumerate(people):
        garment = np.zeros(NUM_MATERIALS * len(people), np.float32)
        garment[[index * NUM_MATERIALS + part for part in _GARMENTS]] = 1
        heat += garment[labels] * heat_profile(person, profile[index]).astype(np.float32)[:, None]
    return heat


def render_triplet(person: PersonIdentity, environment: Environment, size: tuple[int, int] = PICTURE_SIZE) -> Triplet:
    """Render one triplet; the same arguments give the same pixels.

    Args:
        person: who.
        environment: camera, view, time, pose, bystander and damage.
        size: height and width in pixels.

    Returns:
        RGB, NIR and TIR pictures, (H, W, 3) uint8 in RGB order; NIR and TIR repeat one channel.
    """
    rng = rng_for(environment.seed)
    people = [person] if environment.bystander is None else [person, environment.bystander]
    labels, profile = draw_labels(person, environment, (size[0] * 2, size[1] * 2))
    tables = [np.concatenate(parts).astype(np.float32) for parts in zip(*(_palettes(one) for one in people))]
    planes = _paint(labels, tables)
    planes[..., 4] += _garment_heat(labels, profile, people)
    return _record(planes, labels == Material.BACKGROUND, environment, size, rng)


def render_vehicle(vehicle: Vehicle, environment: Environment, size: tuple[int, int]) -> Triplet:
    """Render one triplet of a vehicle; see :func:`render_triplet`."""
    rng = rng_for(environment.seed)
    height, width = size[0] * 2, size[1] * 2
    labels = np.zeros((height, width), np.uint8)
    unit = environment.scale * min(width * 0.92, height * (1.5 if environment.view == 'side' else 1.75))
    origin = (width * (0.5 + environment.shift[0]), height * (0.86 + environment.shift[1]))
    draw_vehicle(Canvas(labels, origin=origin, unit=unit, mirrored=environment.mirrored), vehicle, environment.view)
    planes = _paint(labels, [table.astype(np.float32) for table in vehicle_palettes(vehicle)])
    return _record(planes, labels == Part.BACKGROUND, environment, size, rng)


def _paint(labels: np.ndarray, tables: list[np.ndarray]) -> np.ndarray:
    """Give every label its colour, reflectance and heat: (H, W, 5), R, G, B, NIR, TIR."""
    return np.concatenate((tables[0], tables[1][:, None], tables[2][:, None]), axis=1)[labels]


def _record(
    planes: np.ndarray,
    background: np.ndarray,
    environment: Environment,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Triplet:
    """Put the painted figure before its scene and take the three pictures."""
    planes[background] = 0
    # Twice the size and back: soft edges at a quarter of the price of drawing them.
    planes = cv2.resize(planes, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    share = cv2.resize(background.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)[..., None]
    planes = planes + share * _background(environment, size, rng)
    fold = (
        1 + 0.12 * np.sin(np.linspace(0, 9, size[0], dtype=np.float32) + np.float32(rng.uniform(0, 6)))[:, None, None]
    )
    rgb = planes[..., :3] * fold * white_balance(environment.camera)
    nir = planes[..., 3:4] * fold * np.float32(nir_gain(environment.camera))
    offset, gain = tir_range(environment.camera)
    tir = planes[..., 4:5] * np.float32(gain) + np.float32(offset)
    pictures = [expose(plane, damage, rng) for plane, damage in zip((rgb, nir, tir), environment.damage)]
    rgb8, nir8, tir8 = (np.ascontiguousarray(np.broadcast_to(picture, (*size, 3))) for picture in pictures)
    return rgb8, nir8, tir8


def _background(environment: Environment, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random part of the camera's scene, (H, W, 5); warm in the daytime for the thermal sensor."""
    rgb, nir, tir = scene(environment.camera, *size)
    y, x = (int(rng.integers(0, outer - inner + 1)) for outer, inner in zip(nir.shape, size))
    window = np.s_[y : y + size[0], x : x + size[1]]
    warm = np.float32(0.08 if environment.capture_time == 'daytime' else -0.08)
    return np.concatenate((rgb[window], nir[window][..., None], tir[window][..., None] + warm), axis=2)
