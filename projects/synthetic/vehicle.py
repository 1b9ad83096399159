"""Vehicles, for the layouts of MSVR310, RGBNT100 and WMVEID863: sampled, drawn and put into words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.random import Generator

from projects.synthetic.attributes import COLORS, REFLECTANCES, pick
from projects.synthetic.canvas import Canvas
from projects.synthetic.sensors import RGB_OF

MAKES = ('Toyota', 'Volkswagen', 'Honda', 'Ford', 'Buick', 'Nissan')
BODY_TYPES = ('sedan', 'SUV', 'hatchback', 'van', 'truck')
_COLOR_ODDS = (0.24, 0.28, 0.2, 0.07, 0.02, 0.03, 0.03, 0.09, 0.01, 0.01, 0.02)
# height of the roof, start and end of the cabin, start of the windscreen's slope, all in lengths of the vehicle
_PROFILES = {
    'sedan': (0.3, 0.2, 0.8, 0.13),
    'SUV': (0.38, 0.06, 0.76, 0.1),
    'hatchback': (0.34, 0.08, 0.74, 0.12),
    'van': (0.44, 0.02, 0.86, 0.08),
    'truck': (0.44, 0.62, 0.96, 0.04),
}


class Part(IntEnum):
    """What a pixel of a vehicle shows."""

    BACKGROUND = 0
    BODY = 1
    WINDOW = 2
    TYRE = 3
    RIM = 4
    LIGHT = 5
    GRILLE = 6
    BUMPER = 7
    HOOD = 8
    CARGO = 9
    RACK = 10


@dataclass(frozen=True)
class Vehicle:
    """One vehicle; paint reflectance shows in NIR alone, the engine's warmth in TIR alone."""

    make: str
    body_type: str
    color: str
    cargo_color: str
    roof_rack: bool
    reflectance: tuple[float, float]
    warmth: tuple[float, float]
    wheel: float
    shade: float


def sample_vehicle(rng: Generator) -> Vehicle:
    """Draw one vehicle."""
    return Vehicle(
        make=pick(rng, MAKES),
        body_type=pick(rng, BODY_TYPES),
        color=pick(rng, COLORS, _COLOR_ODDS),
        cargo_color=pick(rng, COLORS),
        roof_rack=bool(rng.random() < 0.3),
        reflectance=(float(pick(rng, REFLECTANCES)), float(pick(rng, REFLECTANCES))),
        warmth=(float(rng.uniform(0.4, 0.95)), float(rng.uniform(0.3, 0.8))),
        wheel=float(rng.uniform(0.07, 0.09)),
        shade=float(rng.uniform(0.8, 1.15)),
    )


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, view: str) -> None:
    """Draw a vehicle on the ground line y = 0, y upwards negative, its length 1 in the side view.

    Args:
        canvas: where to draw.
        vehicle: which.
        view: 'front', 'back' or 'side'.
    """
    roof, start, end, slope = _PROFILES[vehicle.body_type]
    if view == 'side':
        _draw_side(canvas, vehicle, roof=roof, start=start - 0.5, end=end - 0.5, slope=slope)
    else:
        _draw_end(canvas, vehicle, roof=roof, front=view == 'front')


def _draw_side(canvas: Canvas, vehicle: Vehicle, *, roof: float, start: float, end: float, slope: float) -> None:
    waist = roof * 0.6
    canvas.polygon(
        [(-0.5, -0.06), (-0.5, -waist + 0.02), (-0.46, -waist), (0.44, -waist), (0.5, -waist + 0.05), (0.5, -0.06)],
        Part.BODY,
    )
    canvas.polygon([(0.22, -waist), (0.44, -waist), (0.5, -waist + 0.05), (0.5, -0.12), (0.22, -0.12)], Part.HOOD)
    cabin = [(start - slope * 0.4, -waist), (start + slope * 0.3, -roof), (end - slope, -roof), (end, -waist)]
    canvas.polygon(cabin, Part.BODY)
    inner = [(x + (0.02 if x < 0 else -0.02), y + 0.015 if y < -waist else y) for x, y in cabin]
    canvas.polygon(inner, Part.WINDOW)
    for x in np.linspace(start + slope * 0.5, end - slope, 3)[1:-1] if vehicle.body_type != 'truck' else ():
        canvas.polygon([(x - 0.008, -roof), (x + 0.008, -roof), (x + 0.008, -waist), (x - 0.008, -waist)], Part.BODY)
    if vehicle.body_type == 'truck':
        canvas.polygon([(-0.5, -0.4), (0.1, -0.4), (0.1, -0.1), (-0.5, -0.1)], Part.CARGO)
    if vehicle.roof_rack:
        canvas.box((start + slope, -roof - 0.02), (end - slope, -roof - 0.008), Part.RACK)
    canvas.polygon(
        [(0.47, -waist + 0.05), (0.5, -waist + 0.06), (0.5, -waist + 0.1), (0.46, -waist + 0.09)], Part.LIGHT
    )
    for x in (-0.3, 0.31):
        canvas.ellipse((x, -vehicle.wheel), (vehicle.wheel, vehicle.wheel), Part.TYRE)
        canvas.ellipse((x, -vehicle.wheel), (vehicle.wheel * 0.55, vehicle.wheel * 0.55), Part.RIM)


def _draw_end(canvas: Canvas, vehicle: Vehicle, *, roof: float, front: bool) -> None:
    waist, half = roof * 0.58, 0.2
    for sign in (-1, 1):
        canvas.polygon(
            [(sign * (half - 0.06), -0.07), (sign * half, -0.07), (sign * half, 0.0), (sign * (half - 0.06), 0.0)],
            Part.TYRE,
        )
    canvas.polygon([(-half, -0.05), (-half, -waist), (half, -waist), (half, -0.05)], Part.HOOD if front else Part.BODY)
    canvas.polygon([(-half, -waist), (-half * 0.76, -roof), (half * 0.76, -roof), (half, -waist)], Part.BODY)
    canvas.polygon(
        [(-half * 0.86, -waist), (-half * 0.68, -roof + 0.02), (half * 0.68, -roof + 0.02), (half * 0.86, -waist)],
        Part.WINDOW if front or vehicle.body_type != 'truck' else Part.CARGO,
    )
    canvas.polygon([(-half, -0.05), (-half, -0.1), (half, -0.1), (half, -0.05)], Part.BUMPER)
    if front:
        canvas.polygon(
            [(-half * 0.5, -0.11), (-half * 0.5, -waist * 0.8), (half * 0.5, -waist * 0.8), (half * 0.5, -0.11)],
            Part.GRILLE,
        )
    for sign in (-1, 1):
        canvas.ellipse((sign * half * 0.78, -waist * 0.72), (0.035, 0.022), Part.LIGHT)
    if vehicle.roof_rack:
        canvas.box((-half * 0.6, -roof - 0.02), (half * 0.6, -roof - 0.008), Part.RACK)


def vehicle_palettes(vehicle: Vehicle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (P, 3), near-infrared (P,) and thermal (P,) brightness of each part, in [0, 1]."""
    body, cargo = np.array(RGB_OF[vehicle.color]) / 255 * vehicle.shade, np.array(RGB_OF[vehicle.cargo_color]) / 255
    hood, wheels = vehicle.warmth
    paint, box = vehicle.reflectance
    rgb = np.array(
        [
            (0, 0, 0),
            body,
            (0.16, 0.2, 0.24),
            (0.07, 0.07, 0.08),
            (0.62, 0.62, 0.64),
            (0.93, 0.9, 0.78),
            (0.1, 0.1, 0.11),
            body * 0.6,
            body,
            cargo,
            (0.3, 0.3, 0.32),
        ]
    )
    nir = np.array([0, paint, 0.14, 0.08, 0.6, 0.95, 0.16, paint * 0.7, paint, box, 0.4])
    tir = np.array([0, 0.34, 0.2, wheels, wheels * 0.8, 0.5, hood, 0.4, hood * 0.8, 0.26, 0.3])
    return rgb.clip(0, 1), nir, tir


def describe_vehicle(vehicle: Vehicle, *, view: str, night: bool, clarity: str, colored: bool) -> str:
    """A caption in the manner of the released ones; the colour only where the modality shows it."""
    color = f'{vehicle.color} ' if colored else ''
    rack = 'visible' if vehicle.roof_rack else 'not present'
    light = 'dim nighttime' if night else 'normal daytime'
    opening = f'{color}{vehicle.make} {vehicle.body_type}'
    article = 'An' if opening[0].lower() in 'aeiou' else 'A'
    return (
        f'{article} {opening} viewed from the {view} in {light} light. Roof rack is {rack}. The image appears '
        f'{clarity}.'
    )
