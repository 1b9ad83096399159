"""Draw a person on a label map: pose, body shape and clothes, no colour yet."""

from __future__ import annotations

from enum import IntEnum

from projects.synthetic.attributes import PersonIdentity
from projects.synthetic.canvas import Canvas


class Material(IntEnum):
    """What a pixel shows; a bystander's materials are offset by :data:`NUM_MATERIALS`."""

    BACKGROUND = 0
    SKIN = 1
    HAIR = 2
    HAT = 3
    UPPER = 4
    UPPER_SECOND = 5
    TRIM = 6
    LOWER = 7
    FOOTWEAR = 8
    LUGGAGE = 9
    STRAP = 10
    GLASSES = 11
    OBJECT = 12
    FACE = 13


NUM_MATERIALS = 16
_SLEEVE = {'t-shirt': 0.36, 'shirt': 1.0, 'sweater': 1.0, 'jacket': 1.0, 'coat': 1.0}
_HEM = {'t-shirt': 0.51, 'shirt': 0.53, 'sweater': 0.52, 'jacket': 0.54, 'coat': 0.7}
_LOWER_END = {'trousers': 1.0, 'jeans': 1.0, 'shorts': 0.48}


def draw_person(canvas: Canvas, person: PersonIdentity, *, view: str, stride: float) -> None:
    """Draw one person, feet at y = 1, top of the head at y = 0.

    Args:
        canvas: where to draw.
        person: who.
        view: 'front', 'back' or 'side'.
        stride: phase of the walk in [-1, 1].
    """
    side = view == 'side'
    narrow = 0.6 if side else 1.0
    shoulder = (
        0.118 * person.shoulder * (0.6 + 0.4 * person.girth) * narrow * (0.9 if person.gender == 'female' else 1.0)
    )
    waist = (0.085 if person.gender == 'male' else 0.072) * person.girth * (0.68 if side else 1.0)
    hip = (0.088 if person.gender == 'male' else 0.1) * person.girth * (0.68 if side else 1.0)
    crotch = 0.53 - 0.06 * (person.leg - 1) * 8 * 0.5
    _draw_suitcase(canvas, person, stride)
    if side or view == 'front':
        _draw_backpack(canvas, person, view, shoulder)
    if side:
        _draw_arm(canvas, person, shoulder=0.0, swing=-stride * 0.12, side=True)
    _draw_legs(canvas, person, hip=hip, crotch=crotch, stride=stride, side=side)
    _draw_torso(canvas, person, view=view, widths=(shoulder, waist, hip))
    if side:
        _draw_arm(canvas, person, shoulder=0.0, swing=stride * 0.12, side=True, holds=True)
    else:
        for sign in (-1, 1):
            _draw_arm(
                canvas,
                person,
                shoulder=sign * shoulder * 0.93,
                swing=sign * 0.03 + 0.01 * stride,
                side=False,
                holds=sign > 0,
                view=view,
            )
    if view == 'back':
        _draw_backpack(canvas, person, view, shoulder)
    _draw_head(canvas, person, view)
    _draw_handbag(canvas, person, view, shoulder, hip)
    chest = None if side else (((-0.045, 0.24), (0.045, 0.35)) if view == 'front' else ((-0.06, 0.22), (0.06, 0.27)))
    canvas.weave(person.weave, Material.UPPER, Material.UPPER_SECOND, chest=chest)


def _draw_legs(canvas: Canvas, person: PersonIdentity, *, hip: float, crotch: float, stride: float, side: bool) -> None:
    thigh, ankle = 0.052 * (0.5 + 0.5 * person.girth), 0.03
    for sign in (-1, 1):
        top = (0.0 if side else sign * hip * 0.5, crotch - 0.02)
        foot_x = sign * stride * 0.13 if side else sign * (hip * 0.55 + 0.012 * abs(stride))
        foot = (foot_x, 0.955 - (0.02 * max(sign * stride, 0) if not side else 0.0))
        canvas.limb(top, foot, (thigh * 0.8, ankle * 0.72), Material.SKIN)
        reach = 0.07 if person.footwear == 'boots' else 0.0
        if reach:
            canvas.limb((foot[0], foot[1] - reach), foot, (ankle, ankle), Material.FOOTWEAR)
        toe = 0.035 if side else 0.0
        flat = 0.017 if person.footwear in ('sandals', 'leather shoes') else 0.024
        canvas.ellipse((foot[0] + toe, foot[1] + 0.018), (0.05 if side else 0.032, flat), Material.FOOTWEAR)
        if person.footwear == 'sandals':
            canvas.ellipse((foot[0] + toe, foot[1] + 0.006), (0.03 if side else 0.02, 0.008), Material.SKIN)
        if person.lower_type in _LOWER_END:
            share = _LOWER_END[person.lower_type] - (
                0.09 if person.footwear == 'boots' and person.lower_type != 'shorts' else 0.0
            )
            end = (top[0] + (foot[0] - top[0]) * share, top[1] + (foot[1] - 0.02 - top[1]) * share)
            flare = {'trousers': 0.042, 'jeans': 0.033, 'shorts': 0.056}[person.lower_type]
            canvas.limb(top, end, (thigh * 1.12, flare), Material.LOWER)
    if person.lower_type == 'skirt':
        canvas.polygon([(-hip * 0.9, 0.47), (hip * 0.9, 0.47), (hip * 1.35, 0.71), (-hip * 1.35, 0.71)], Material.LOWER)
    else:
        canvas.polygon(
            [(-hip, 0.48), (hip, 0.48), (hip * 0.98, crotch + 0.03), (-hip * 0.98, crotch + 0.03)], Material.LOWER
        )


def _draw_torso(canvas: Canvas, person: PersonIdentity, *, view: str, widths: tuple[float, float, float]) -> None:
    shoulder, waist, hip = widths
    hem = _HEM[person.upper_type]
    loose = {'t-shirt': 1.0, 'shirt': 1.0, 'sweater': 1.08, 'jacket': 1.12, 'coat': 1.12}[person.upper_type]
    low = hip * (1.25 if person.upper_type == 'coat' else 1.0) * loose
    outline = [(shoulder * 0.45, 0.155), (shoulder, 0.185), (waist * loose, 0.38), (low, hem)]
    canvas.polygon(outline + [(-x, y) for x, y in reversed(outline)], Material.UPPER)
    if view == 'front':
        if person.upper_type in ('jacket', 'coat'):
            canvas.polygon([(-0.022, 0.16), (0.022, 0.16), (0.012, hem), (-0.012, hem)], Material.TRIM)
        elif person.upper_type == 'shirt':
            canvas.polygon([(-0.03, 0.155), (0.03, 0.155), (0, 0.22)], Material.TRIM)
        elif person.upper_type == 't-shirt':
            canvas.ellipse((0, 0.155), (0.035, 0.022), Material.SKIN)


def _draw_arm(
    canvas: Canvas,
    person: PersonIdentity,
    *,
    shoulder: float,
    swing: float,
    side: bool,
    holds: bool = False,
    view: str = 'side',
) -> None:
    holding = holds and person.held_object != 'nothing' and view != 'back'
    start = (shoulder, 0.2)
    elbow = (shoulder + swing * 0.5, 0.35)
    hand = (
        (elbow[0] + (0.08 if side else -0.035 if shoulder > 0 else 0.035), 0.36) if holding else (shoulder + swing, 0.5)
    )
    width = 0.031 * (0.55 + 0.45 * person.girth)
    canvas.limb(start, elbow, (width, width * 0.85), Material.SKIN)
    canvas.limb(elbow, hand, (width * 0.85, width * 0.7), Material.SKIN)
    if _SLEEVE[person.upper_type] < 1:
        end = (start[0] + (elbow[0] - start[0]) * 0.65, start[1] + (elbow[1] - start[1]) * 0.65)
        canvas.limb(start, end, (width * 1.25, width * 1.2), Material.UPPER)
    else:
        cuff = (elbow[0] + (hand[0] - elbow[0]) * 0.8, elbow[1] + (hand[1] - elbow[1]) * 0.8)
        canvas.limb(start, elbow, (width * 1.25, width * 1.1), Material.UPPER)
        canvas.limb(elbow, cuff, (width * 1.1, width), Material.UPPER)
    canvas.ellipse(hand, (0.017, 0.02), Material.SKIN)
    if holding:
        _draw_object(canvas, person.held_object, hand)


def _draw_object(canvas: Canvas, held: str, hand: tuple[float, float]) -> None:
    x, y = hand
    if held == 'umbrella':
        canvas.limb((x, y + 0.02), (x, 0.0), (0.006, 0.006), Material.STRAP)
        canvas.polygon(
            [(x - 0.2, 0.03), (x - 0.12, -0.035), (x, -0.055), (x + 0.12, -0.035), (x + 0.2, 0.03)], Material.OBJECT
        )
    elif held == 'bottle':
        canvas.limb((x, y + 0.02), (x, y - 0.05), (0.017, 0.014), Material.OBJECT)
    elif held == 'book':
        canvas.polygon(
            [(x - 0.045, y - 0.05), (x + 0.045, y - 0.05), (x + 0.045, y + 0.02), (x - 0.045, y + 0.02)],
            Material.OBJECT,
        )
    else:
        canvas.polygon(
            [(x - 0.014, y - 0.045), (x + 0.014, y - 0.045), (x + 0.014, y + 0.01), (x - 0.014, y + 0.01)],
            Material.OBJECT,
        )


def _draw_head(canvas: Canvas, person: PersonIdentity, view: str) -> None:
    radius = {'child': 0.085, 'teenager': 0.068, 'adult': 0.062, 'senior': 0.062}[person.age]
    center = (0.012 if view == 'side' else 0.0, radius + 0.01)
    canvas.polygon([(-0.026, radius), (0.026, radius), (0.026, 0.17), (-0.026, 0.17)], Material.SKIN)
    style = person.hairstyle
    if style == 'long hair':
        canvas.polygon(
            [(-radius, radius), (radius, radius), (radius * 1.05, 0.235), (-radius * 1.05, 0.235)], Material.HAIR
        )
    if style == 'ponytail' and view == 'side':
        canvas.limb((-radius * 0.8, radius * 0.8), (-radius * 1.5, 0.19), (0.02, 0.014), Material.HAIR)
    canvas.ellipse(
        center, (radius * 0.84, radius), Material.FACE if view != 'back' or style == 'bald' else Material.HAIR
    )
    if style == 'ponytail' and view == 'back':
        canvas.limb((0, radius), (0, 0.23), (0.024, 0.014), Material.HAIR)
    if style in ('short hair', 'long hair', 'ponytail') and view != 'back':
        crown = (center[0] - (radius * 0.22 if view == 'side' else 0.0), center[1] - radius * 0.42)
        canvas.ellipse(crown, (radius * 0.9, radius * 0.66), Material.HAIR)
        if view == 'side':
            canvas.ellipse((center[0] - radius * 0.5, center[1]), (radius * 0.5, radius * 0.85), Material.HAIR)
    if style == 'cap':
        canvas.ellipse((center[0], center[1] - radius * 0.45), (radius * 0.92, radius * 0.62), Material.HAT)
        if view != 'back':
            brim = center[0] + (radius * 0.6 if view == 'side' else 0.0)
            canvas.ellipse((brim, center[1] - radius * 0.12), (radius * 0.9, radius * 0.18), Material.HAT)
    if person.glasses and view != 'back':
        shift = radius * 0.45 if view == 'side' else 0.0
        left, right = shift + center[0] - radius * 0.62, shift + center[0] + radius * 0.62
        canvas.box((left, center[1]), (right, center[1] + radius * 0.26), Material.GLASSES)


def _draw_backpack(canvas: Canvas, person: PersonIdentity, view: str, shoulder: float) -> None:
    if not person.backpack:
        return
    if view == 'back':
        canvas.polygon([(-0.08, 0.2), (0.08, 0.2), (0.092, 0.43), (-0.092, 0.43)], Material.LUGGAGE)
        canvas.polygon([(-0.06, 0.34), (0.06, 0.34), (0.06, 0.36), (-0.06, 0.36)], Material.STRAP)
    elif view == 'side':
        canvas.polygon(
            [(-shoulder * 0.6, 0.19), (-shoulder - 0.08, 0.21), (-shoulder - 0.1, 0.43), (-shoulder * 0.6, 0.43)],
            Material.LUGGAGE,
        )
    else:
        canvas.polygon(
            [(-shoulder - 0.02, 0.21), (shoulder + 0.02, 0.21), (shoulder + 0.02, 0.4), (-shoulder - 0.02, 0.4)],
            Material.LUGGAGE,
        )


def _draw_handbag(canvas: Canvas, person: PersonIdentity, view: str, shoulder: float, hip: float) -> None:
    if not person.handbag:
        return
    x = 0.02 if view == 'side' else -(hip + 0.045)
    canvas.limb((-shoulder * 0.7 if view != 'side' else 0.0, 0.18), (x, 0.43), (0.008, 0.008), Material.STRAP)
    canvas.polygon([(x - 0.055, 0.43), (x + 0.055, 0.43), (x + 0.065, 0.53), (x - 0.065, 0.53)], Material.LUGGAGE)


def _draw_suitcase(canvas: Canvas, person: PersonIdentity, stride: float) -> None:
    if person.suitcase:
        x = -0.19 + 0.01 * stride
        canvas.limb((x, 0.74), (-0.1, 0.5), (0.008, 0.008), Material.STRAP)
        canvas.polygon([(x - 0.07, 0.72), (x + 0.07, 0.72), (x + 0.07, 0.96), (x - 0.07, 0.96)], Material.LUGGAGE)
        canvas.polygon([(x - 0.05, 0.8), (x + 0.05, 0.8), (x + 0.05, 0.82), (x - 0.05, 0.82)], Material.STRAP)
