"""Draw a person on a label map: pose, body shape and clothes, no colour yet."""
from __future__ import annotations

from enum import IntEnum

from projects.demo.attributes import PersonIdentity
from projects.demo.canvas import Canvas


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
_SLEEVE = {'t-shirt': .36, 'shirt': 1., 'sweater': 1., 'jacket': 1., 'coat': 1.}
_HEM = {'t-shirt': .51, 'shirt': .53, 'sweater': .52, 'jacket': .54, 'coat': .7}
_LOWER_END = {'trousers': 1., 'jeans': 1., 'shorts': .48}


def draw_person(canvas: Canvas, person: PersonIdentity, *, view: str, stride: float) -> None:
    """Draw one person, feet at y = 1, top of the head at y = 0.

    Args:
        canvas: where to draw.
        person: who.
        view: 'front', 'back' or 'side'.
        stride: phase of the walk in [-1, 1].
    """
    side = view == 'side'
    narrow = .6 if side else 1.
    shoulder = .118 * person.shoulder * (.6 + .4 * person.girth) * narrow * (.9 if person.gender == 'female' else 1.)
    waist = (.085 if person.gender == 'male' else .072) * person.girth * (.68 if side else 1.)
    hip = (.088 if person.gender == 'male' else .1) * person.girth * (.68 if side else 1.)
    crotch = .53 - .06 * (person.leg - 1) * 8 * .5
    _draw_suitcase(canvas, person, stride)
    if side or view == 'front':
        _draw_backpack(canvas, person, view, shoulder)
    if side:
        _draw_arm(canvas, person, shoulder=0., swing=-stride * .12, side=True)
    _draw_legs(canvas, person, hip=hip, crotch=crotch, stride=stride, side=side)
    _draw_torso(canvas, person, view=view, widths=(shoulder, waist, hip))
    if side:
        _draw_arm(canvas, person, shoulder=0., swing=stride * .12, side=True, holds=True)
    else:
        for sign in (-1, 1):
            _draw_arm(canvas, person, shoulder=sign * shoulder * .93, swing=sign * .03 + .01 * stride, side=False, holds=sign > 0,
                      view=view)
    if view == 'back':
        _draw_backpack(canvas, person, view, shoulder)
    _draw_head(canvas, person, view)
    _draw_handbag(canvas, person, view, shoulder, hip)
    chest = None if side else (((-.045, .24), (.045, .35)) if view == 'front' else ((-.06, .22), (.06, .27)))
    canvas.weave(person.weave, Material.UPPER, Material.UPPER_SECOND, chest=chest)


def _draw_legs(canvas: Canvas, person: PersonIdentity, *, hip: float, crotch: float, stride: float, side: bool) -> None:
    thigh, ankle = .052 * (.5 + .5 * person.girth), .03
    for sign in (-1, 1):
        top = (0. if side else sign * hip * .5, crotch - .02)
        foot_x = sign * stride * .13 if side else sign * (hip * .55 + .012 * abs(stride))
        foot = (foot_x, .955 - (.02 * max(sign * stride, 0) if not side else 0.))
        canvas.limb(top, foot, (thigh * .8, ankle * .72), Material.SKIN)
        reach = .07 if person.footwear == 'boots' else .0
        if reach:
            canvas.limb((foot[0], foot[1] - reach), foot, (ankle, ankle), Material.FOOTWEAR)
        toe = .035 if side else 0.
        flat = .017 if person.footwear in ('sandals', 'leather shoes') else .024
        canvas.ellipse((foot[0] + toe, foot[1] + .018), (.05 if side else .032, flat), Material.FOOTWEAR)
        if person.footwear == 'sandals':
            canvas.ellipse((foot[0] + toe, foot[1] + .006), (.03 if side else .02, .008), Material.SKIN)
        if person.lower_type in _LOWER_END:
            share = _LOWER_END[person.lower_type] - (.09 if person.footwear == 'boots' and person.lower_type != 'shorts' else 0.)
            end = (top[0] + (foot[0] - top[0]) * share, top[1] + (foot[1] - .02 - top[1]) * share)
            flare = {'trousers': .042, 'jeans': .033, 'shorts': .056}[person.lower_type]
            canvas.limb(top, end, (thigh * 1.12, flare), Material.LOWER)
    if person.lower_type == 'skirt':
        canvas.polygon([(-hip * .9, .47), (hip * .9, .47), (hip * 1.35, .71), (-hip * 1.35, .71)], Material.LOWER)
    else:
        canvas.polygon([(-hip, .48), (hip, .48), (hip * .98, crotch + .03), (-hip * .98, crotch + .03)], Material.LOWER)


def _draw_torso(canvas: Canvas, person: PersonIdentity, *, view: str, widths: tuple[float, float, float]) -> None:
    shoulder, waist, hip = widths
    hem = _HEM[person.upper_type]
    loose = {'t-shirt': 1., 'shirt': 1., 'sweater': 1.08, 'jacket': 1.12, 'coat': 1.12}[person.upper_type]
    low = hip * (1.25 if person.upper_type == 'coat' else 1.) * loose
    outline = [(shoulder * .45, .155), (shoulder, .185), (waist * loose, .38), (low, hem)]
    canvas.polygon(outline + [(-x, y) for x, y in reversed(outline)], Material.UPPER)
    if view == 'front':
        if person.upper_type in ('jacket', 'coat'):
            canvas.polygon([(-.022, .16), (.022, .16), (.012, hem), (-.012, hem)], Material.TRIM)
        elif person.upper_type == 'shirt':
            canvas.polygon([(-.03, .155), (.03, .155), (0, .22)], Material.TRIM)
        elif person.upper_type == 't-shirt':
            canvas.ellipse((0, .155), (.035, .022), Material.SKIN)


def _draw_arm(canvas: Canvas, person: PersonIdentity, *, shoulder: float, swing: float, side: bool, holds: bool = False,
              view: str = 'side') -> None:
    holding = holds and person.held_object != 'nothing' and view != 'back'
    start = (shoulder, .2)
    elbow = (shoulder + swing * .5, .35)
    hand = (elbow[0] + (.08 if side else -.035 if shoulder > 0 else .035), .36) if holding else (shoulder + swing, .5)
    width = .031 * (.55 + .45 * person.girth)
    canvas.limb(start, elbow, (width, width * .85), Material.SKIN)
    canvas.limb(elbow, hand, (width * .85, width * .7), Material.SKIN)
    if _SLEEVE[person.upper_type] < 1:
        end = (start[0] + (elbow[0] - start[0]) * .65, start[1] + (elbow[1] - start[1]) * .65)
        canvas.limb(start, end, (width * 1.25, width * 1.2), Material.UPPER)
    else:
        cuff = (elbow[0] + (hand[0] - elbow[0]) * .8, elbow[1] + (hand[1] - elbow[1]) * .8)
        canvas.limb(start, elbow, (width * 1.25, width * 1.1), Material.UPPER)
        canvas.limb(elbow, cuff, (width * 1.1, width), Material.UPPER)
    canvas.ellipse(hand, (.017, .02), Material.SKIN)
    if holding:
        _draw_object(canvas, person.held_object, hand)


def _draw_object(canvas: Canvas, held: str, hand: tuple[float, float]) -> None:
    x, y = hand
    if held == 'umbrella':
        canvas.limb((x, y + .02), (x, .0), (.006, .006), Material.STRAP)
        canvas.polygon([(x - .2, .03), (x - .12, -.035), (x, -.055), (x + .12, -.035), (x + .2, .03)], Material.OBJECT)
    elif held == 'bottle':
        canvas.limb((x, y + .02), (x, y - .05), (.017, .014), Material.OBJECT)
    elif held == 'book':
        canvas.polygon([(x - .045, y - .05), (x + .045, y - .05), (x + .045, y + .02), (x - .045, y + .02)], Material.OBJECT)
    else:
        canvas.polygon([(x - .014, y - .045), (x + .014, y - .045), (x + .014, y + .01), (x - .014, y + .01)], Material.OBJECT)


def _draw_head(canvas: Canvas, person: PersonIdentity, view: str) -> None:
    radius = {'child': .085, 'teenager': .068, 'adult': .062, 'senior': .062}[person.age]
    center = (.012 if view == 'side' else 0., radius + .01)
    canvas.polygon([(-.026, radius), (.026, radius), (.026, .17), (-.026, .17)], Material.SKIN)
    style = person.hairstyle
    if style == 'long hair':
        canvas.polygon([(-radius, radius), (radius, radius), (radius * 1.05, .235), (-radius * 1.05, .235)], Material.HAIR)
    if style == 'ponytail' and view == 'side':
        canvas.limb((-radius * .8, radius * .8), (-radius * 1.5, .19), (.02, .014), Material.HAIR)
    canvas.ellipse(center, (radius * .84, radius), Material.FACE if view != 'back' or style == 'bald' else Material.HAIR)
    if style == 'ponytail' and view == 'back':
        canvas.limb((0, radius), (0, .23), (.024, .014), Material.HAIR)
    if style in ('short hair', 'long hair', 'ponytail') and view != 'back':
        crown = (center[0] - (radius * .22 if view == 'side' else 0.), center[1] - radius * .42)
        canvas.ellipse(crown, (radius * .9, radius * .66), Material.HAIR)
        if view == 'side':
            canvas.ellipse((center[0] - radius * .5, center[1]), (radius * .5, radius * .85), Material.HAIR)
    if style == 'cap':
        canvas.ellipse((center[0], center[1] - radius * .45), (radius * .92, radius * .62), Material.HAT)
        if view != 'back':
            brim = center[0] + (radius * .6 if view == 'side' else 0.)
            canvas.ellipse((brim, center[1] - radius * .12), (radius * .9, radius * .18), Material.HAT)
    if person.glasses and view != 'back':
        shift = radius * .45 if view == 'side' else 0.
        left, right = shift + center[0] - radius * .62, shift + center[0] + radius * .62
        canvas.box((left, center[1]), (right, center[1] + radius * .26), Material.GLASSES)


def _draw_backpack(canvas: Canvas, person: PersonIdentity, view: str, shoulder: float) -> None:
    if not person.backpack:
        return
    if view == 'back':
        canvas.polygon([(-.08, .2), (.08, .2), (.092, .43), (-.092, .43)], Material.LUGGAGE)
        canvas.polygon([(-.06, .34), (.06, .34), (.06, .36), (-.06, .36)], Material.STRAP)
    elif view == 'side':
        canvas.polygon([(-shoulder * .6, .19), (-shoulder - .08, .21), (-shoulder - .1, .43), (-shoulder * .6, .43)], Material.LUGGAGE)
    else:
        canvas.polygon([(-shoulder - .02, .21), (shoulder + .02, .21), (shoulder + .02, .4), (-shoulder - .02, .4)], Material.LUGGAGE)


def _draw_handbag(canvas: Canvas, person: PersonIdentity, view: str, shoulder: float, hip: float) -> None:
    if not person.handbag:
        return
    x = .02 if view == 'side' else -(hip + .045)
    canvas.limb((-shoulder * .7 if view != 'side' else 0., .18), (x, .43), (.008, .008), Material.STRAP)
    canvas.polygon([(x - .055, .43), (x + .055, .43), (x + .065, .53), (x - .065, .53)], Material.LUGGAGE)


def _draw_suitcase(canvas: Canvas, person: PersonIdentity, stride: float) -> None:
    if person.suitcase:
        x = -.19 + .01 * stride
        canvas.limb((x, .74), (-.1, .5), (.008, .008), Material.STRAP)
        canvas.polygon([(x - .07, .72), (x + .07, .72), (x + .07, .96), (x - .07, .96)], Material.LUGGAGE)
        canvas.polygon([(x - .05, .8), (x + .05, .8), (x + .05, .82), (x - .05, .82)], Material.STRAP)
