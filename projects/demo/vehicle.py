"""Vehicles, for the layouts of MSVR310, RGBNT100 and WMVEID863: sampled, drawn and put into words."""
from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.random import Generator

from projects.demo.attributes import COLORS, REFLECTANCES, pick
from projects.demo.canvas import Canvas
from projects.demo.sensors import RGB_OF

MAKES = ('Toyota', 'Volkswagen', 'Honda', 'Ford', 'Buick', 'Nissan')
BODY_TYPES = ('sedan', 'SUV', 'hatchback', 'van', 'truck')
_COLOR_ODDS = (.24, .28, .2, .07, .02, .03, .03, .09, .01, .01, .02)
# height of the roof, start and end of the cabin, start of the windscreen's slope, all in lengths of the vehicle
_PROFILES = {'sedan': (.3, .2, .8, .13), 'SUV': (.38, .06, .76, .1), 'hatchback': (.34, .08, .74, .12), 'van': (.44, .02, .86, .08),
             'truck': (.44, .62, .96, .04)}


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
        make=pick(rng, MAKES), body_type=pick(rng, BODY_TYPES), color=pick(rng, COLORS, _COLOR_ODDS), cargo_color=pick(rng, COLORS),
        roof_rack=bool(rng.random() < .3), reflectance=(float(pick(rng, REFLECTANCES)), float(pick(rng, REFLECTANCES))),
        warmth=(float(rng.uniform(.4, .95)), float(rng.uniform(.3, .8))), wheel=float(rng.uniform(.07, .09)),
        shade=float(rng.uniform(.8, 1.15)))


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, view: str) -> None:
    """Draw a vehicle on the ground line y = 0, y upwards negative, its length 1 in the side view.

    Args:
        canvas: where to draw.
        vehicle: which.
        view: 'front', 'back' or 'side'.
    """
    roof, start, end, slope = _PROFILES[vehicle.body_type]
    if view == 'side':
        _draw_side(canvas, vehicle, roof=roof, start=start - .5, end=end - .5, slope=slope)
    else:
        _draw_end(canvas, vehicle, roof=roof, front=view == 'front')


def _draw_side(canvas: Canvas, vehicle: Vehicle, *, roof: float, start: float, end: float, slope: float) -> None:
    waist = roof * .6
    canvas.polygon([(-.5, -.06), (-.5, -waist + .02), (-.46, -waist), (.44, -waist), (.5, -waist + .05), (.5, -.06)], Part.BODY)
    canvas.polygon([(.22, -waist), (.44, -waist), (.5, -waist + .05), (.5, -.12), (.22, -.12)], Part.HOOD)
    cabin = [(start - slope * .4, -waist), (start + slope * .3, -roof), (end - slope, -roof), (end, -waist)]
    canvas.polygon(cabin, Part.BODY)
    inner = [(x + (.02 if x < 0 else -.02), y + .015 if y < -waist else y) for x, y in cabin]
    canvas.polygon(inner, Part.WINDOW)
    for x in np.linspace(start + slope * .5, end - slope, 3)[1:-1] if vehicle.body_type != 'truck' else ():
        canvas.polygon([(x - .008, -roof), (x + .008, -roof), (x + .008, -waist), (x - .008, -waist)], Part.BODY)
    if vehicle.body_type == 'truck':
        canvas.polygon([(-.5, -.4), (.1, -.4), (.1, -.1), (-.5, -.1)], Part.CARGO)
    if vehicle.roof_rack:
        canvas.box((start + slope, -roof - .02), (end - slope, -roof - .008), Part.RACK)
    canvas.polygon([(.47, -waist + .05), (.5, -waist + .06), (.5, -waist + .1), (.46, -waist + .09)], Part.LIGHT)
    for x in (-.3, .31):
        canvas.ellipse((x, -vehicle.wheel), (vehicle.wheel, vehicle.wheel), Part.TYRE)
        canvas.ellipse((x, -vehicle.wheel), (vehicle.wheel * .55, vehicle.wheel * .55), Part.RIM)


def _draw_end(canvas: Canvas, vehicle: Vehicle, *, roof: float, front: bool) -> None:
    waist, half = roof * .58, .2
    for sign in (-1, 1):
        canvas.polygon([(sign * (half - .06), -.07), (sign * half, -.07), (sign * half, 0.), (sign * (half - .06), 0.)], Part.TYRE)
    canvas.polygon([(-half, -.05), (-half, -waist), (half, -waist), (half, -.05)], Part.HOOD if front else Part.BODY)
    canvas.polygon([(-half, -waist), (-half * .76, -roof), (half * .76, -roof), (half, -waist)], Part.BODY)
    canvas.polygon([(-half * .86, -waist), (-half * .68, -roof + .02), (half * .68, -roof + .02), (half * .86, -waist)],
                   Part.WINDOW if front or vehicle.body_type != 'truck' else Part.CARGO)
    canvas.polygon([(-half, -.05), (-half, -.1), (half, -.1), (half, -.05)], Part.BUMPER)
    if front:
        canvas.polygon([(-half * .5, -.11), (-half * .5, -waist * .8), (half * .5, -waist * .8), (half * .5, -.11)], Part.GRILLE)
    for sign in (-1, 1):
        canvas.ellipse((sign * half * .78, -waist * .72), (.035, .022), Part.LIGHT)
    if vehicle.roof_rack:
        canvas.box((-half * .6, -roof - .02), (half * .6, -roof - .008), Part.RACK)


def vehicle_palettes(vehicle: Vehicle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (P, 3), near-infrared (P,) and thermal (P,) brightness of each part, in [0, 1]."""
    body, cargo = np.array(RGB_OF[vehicle.color]) / 255 * vehicle.shade, np.array(RGB_OF[vehicle.cargo_color]) / 255
    hood, wheels = vehicle.warmth
    paint, box = vehicle.reflectance
    rgb = np.array([(0, 0, 0), body, (.16, .2, .24), (.07, .07, .08), (.62, .62, .64), (.93, .9, .78), (.1, .1, .11), body * .6,
                    body, cargo, (.3, .3, .32)])
    nir = np.array([0, paint, .14, .08, .6, .95, .16, paint * .7, paint, box, .4])
    tir = np.array([0, .34, .2, wheels, wheels * .8, .5, hood, .4, hood * .8, .26, .3])
    return rgb.clip(0, 1), nir, tir


def describe_vehicle(vehicle: Vehicle, *, view: str, night: bool, clarity: str, colored: bool) -> str:
    """A caption in the manner of the released ones; the colour only where the modality shows it."""
    color = f'{vehicle.color} ' if colored else ''
    rack = 'visible' if vehicle.roof_rack else 'not present'
    light = 'dim nighttime' if night else 'normal daytime'
    opening = f'{color}{vehicle.make} {vehicle.body_type}'
    article = 'An' if opening[0].lower() in 'aeiou' else 'A'
    return f'{article} {opening} viewed from the {view} in {light} light. Roof rack is {rack}. The image appears {clarity}.'
