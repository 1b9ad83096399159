"""What the synthetic data's people are and how they are seen: identities as attribute sets, and the
circumstances of each triplet.

An identity has *named* attributes, those a caption can mention, and *hidden* ones that only pixels show: reflectance in
near infrared, heat, and body shape. Colour is seen in RGB alone, reflectance in NIR alone, heat in TIR alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator

T = TypeVar('T')

AGES = ('child', 'teenager', 'adult', 'senior')
GENDERS = ('male', 'female')
UPPER_TYPES = ('t-shirt', 'shirt', 'sweater', 'jacket', 'coat')
LOWER_TYPES = ('trousers', 'jeans', 'shorts', 'skirt')
COLORS = ('black', 'white', 'gray', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'brown')
PATTERNS = ('plain', 'striped', 'checked', 'printed')
FOOTWEAR = ('sneakers', 'boots', 'sandals', 'leather shoes')
HAIRSTYLES = ('short hair', 'long hair', 'ponytail', 'bald', 'cap')
HELD_OBJECTS = ('nothing', 'phone', 'bottle', 'umbrella', 'book')
VIEWS = ('front', 'back', 'side')
CAPTURE_TIMES = ('daytime', 'nighttime')
ILLUMINATIONS = ('dim', 'normal', 'bright')
CLARITIES = ('clear', 'blurry')
CAMERAS = (1, 2, 3, 4)

# Dark and plain clothes are common, as in real streets: colour alone must not tell people apart.
_UPPER_COLOR_ODDS = (0.3, 0.18, 0.16, 0.08, 0.03, 0.03, 0.05, 0.1, 0.02, 0.03, 0.02)
_LOWER_COLOR_ODDS = (0.42, 0.06, 0.17, 0.02, 0.01, 0.01, 0.03, 0.21, 0.01, 0.01, 0.05)
REFLECTANCES = (0.12, 0.38, 0.64, 0.92)
HEAT_LEVELS = (0.0, 0.5, 1.0)
NUM_HEAT_BANDS = 3


@dataclass(frozen=True)
class PersonIdentity:
    """One person: named attributes, then the hidden ones.

    Attributes:
        reflectance: NIR reflectance in [0, 1] of the upper garment, its second yarn, the lower
            garment, hair and luggage.
        heat: warmth in [0, 1] of three bands from shoulders to shins, seen by TIR alone.
        girth, shoulder, leg: body shape; 1 is average.
        weave: geometry of the second yarn; it shows in RGB only where ``upper_pattern`` says so, in NIR always.
        shade: brightness factors of the upper and the lower colour.
        skin: skin tone in [0, 1]. grey_hair, hair_tone: hair colour.
        seed: fixes small details that no attribute describes.
    """

    age: str
    gender: str
    upper_type: str
    upper_color: str
    upper_pattern: str
    lower_type: str
    lower_color: str
    footwear: str
    hairstyle: str
    glasses: bool
    backpack: bool
    handbag: bool
    suitcase: bool
    held_object: str
    reflectance: tuple[float, ...]
    heat: tuple[float, ...]
    girth: float
    shoulder: float
    leg: float
    weave: str
    second_color: str
    luggage_color: str
    footwear_color: str
    shade: tuple[float, float]
    skin: float
    hair_tone: float
    seed: int

    def named(self) -> dict[str, str]:
        """The attributes a caption can mention, as strings ('yes' and 'no' for the flags)."""
        flags = {
            name: 'yes' if getattr(self, name) else 'no' for name in ('glasses', 'backpack', 'handbag', 'suitcase')
        }
        return dict(
            age=self.age,
            gender=self.gender,
            upper_type=self.upper_type,
            upper_color=self.upper_color,
            upper_pattern=self.upper_pattern,
            lower_type=self.lower_type,
            lower_color=self.lower_color,
            footwear=self.footwear,
            hairstyle=self.hairstyle,
            **flags,
            held_object=self.held_object,
        )


@dataclass(frozen=True)
class Damage:
    """What happens to one modality of one triplet between the scene and the file.

    Attributes:
        exposure: factor on the signal. noise: standard deviation of sensor noise. blur: Gaussian sigma
            in units of 1/64 height.
        glare: (x, y, radius, strength) in picture units, strength 0 for none. contrast: factor around the mean (TIR).
    """

    exposure: float = 1.0
    noise: float = 0.02
    blur: float = 0.0
    glare: tuple[float, float, float, float] = (0.5, 0.5, 0.3, 0.0)
    contrast: float = 1.0

    @property
    def illumination(self) -> str:
        """Dim, normal or bright."""
        if self.glare[3] > 0.5 or self.exposure > 1.25:
            return 'bright'
        return 'dim' if self.exposure < 0.6 else 'normal'

    @property
    def clarity(self) -> str:
        """Clear or blurry."""
        return 'blurry' if self.blur > 0.8 or self.noise > 0.1 or self.contrast < 0.4 else 'clear'


@dataclass(frozen=True)
class Environment:
    """How one triplet was taken: camera, view, time, pose, a bystander or none, and the damage of each modality.

    A bystander passes by behind the person, or stands ``beside`` them, as tall, as near, and before them as often as
    behind: then nothing but the caption says which of the two is meant.
    """

    camera: int
    view: str
    mirrored: bool
    capture_time: str
    damage: tuple[Damage, Damage, Damage]
    stride: float
    scale: float
    shift: tuple[float, float]
    bystander: PersonIdentity | None
    beside: bool
    bystander_shift: float
    bystander_scale: float
    bystander_front: bool
    seed: int

    def sides(self) -> tuple[str, str] | None:
        """On which side the person and the bystander stand, 'left' or 'right'; ``None`` where there is
        no doubt who is meant."""
        if self.bystander is None or not self.beside:
            return None
        return ('left', 'right') if self.bystander_shift > 0 else ('right', 'left')


def pick(rng: Generator, options: tuple[T, ...], odds: tuple[float, ...] | None = None) -> T:
    """Draw one of the options, with the given odds or evenly."""
    return options[int(rng.choice(len(options), p=odds))]


def sample_identity(rng: Generator) -> PersonIdentity:
    """Draw one person."""
    gender = pick(rng, GENDERS)
    carries = pick(rng, ('nothing', 'backpack', 'handbag', 'suitcase'), (0.36, 0.34, 0.18, 0.12))
    skirt = 0.3 if gender == 'female' else 0.0
    pattern = pick(rng, PATTERNS, (0.52, 0.2, 0.14, 0.14))
    hair = (0.12, 0.44, 0.3, 0.02, 0.12) if gender == 'female' else (0.62, 0.06, 0.04, 0.12, 0.16)
    upper_color, second_color = (pick(rng, COLORS, _UPPER_COLOR_ODDS) for _ in range(2))
    if second_color == upper_color:
        second_color = 'white' if upper_color != 'white' else 'black'
    return PersonIdentity(
        age=pick(rng, AGES, (0.1, 0.16, 0.62, 0.12)),
        gender=gender,
        upper_type=pick(rng, UPPER_TYPES, (0.3, 0.16, 0.18, 0.24, 0.12)),
        upper_color=upper_color,
        upper_pattern=pattern,
        lower_type=pick(rng, LOWER_TYPES, (0.45 - skirt / 3, 0.3 - skirt / 3, 0.25 - skirt / 3, skirt)),
        lower_color=pick(rng, COLORS, _LOWER_COLOR_ODDS),
        footwear=pick(rng, FOOTWEAR, (0.5, 0.16, 0.14, 0.2)),
        hairstyle=pick(rng, HAIRSTYLES, hair),
        glasses=bool(rng.random() < 0.25),
        backpack=carries == 'backpack',
        handbag=carries == 'handbag',
        suitcase=carries == 'suitcase',
        held_object=pick(rng, HELD_OBJECTS, (0.56, 0.16, 0.1, 0.1, 0.08)),
        reflectance=tuple(float(pick(rng, REFLECTANCES)) for _ in range(5)),
        heat=tuple(float(pick(rng, HEAT_LEVELS)) for _ in range(NUM_HEAT_BANDS)),
        girth=float(rng.uniform(0.8, 1.28)),
        shoulder=float(rng.uniform(0.9, 1.12)),
        leg=float(rng.uniform(0.93, 1.07)),
        weave=pattern if pattern != 'plain' else pick(rng, PATTERNS),
        second_color=second_color,
        luggage_color=pick(rng, COLORS),
        footwear_color=pick(rng, COLORS, _LOWER_COLOR_ODDS),
        shade=(float(rng.uniform(0.82, 1.15)), float(rng.uniform(0.82, 1.15))),
        skin=float(rng.uniform(0, 1)),
        hair_tone=float(rng.uniform(0, 1)),
        seed=int(rng.integers(2**31)),
    )


def _glare(rng: Generator, strength: float) -> tuple[float, float, float, float]:
    return float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.22, 0.42)), strength


def _damage_rgb(rng: Generator, night: bool, level: int) -> Damage:
    if level == 2:
        kind = int(rng.integers(2)) if not night else 0
        if kind == 0:
            return Damage(
                exposure=float(rng.uniform(0.08, 0.2)),
                noise=float(rng.uniform(0.06, 0.1)),
                blur=float(rng.uniform(0.2, 0.8)),
            )
        return Damage(exposure=1.4, noise=0.04, blur=float(rng.uniform(0.5, 1.2)), glare=_glare(rng, 1.1))
    noise = float(rng.uniform(0.02, 0.05)) + 0.03 * level
    glare = _glare(rng, float(rng.uniform(0.5, 0.8)) if level and rng.random() < 0.5 else 0.0)
    exposure = float(rng.uniform(0.35, 0.65) if night else rng.uniform(0.75, 1.2))
    return Damage(exposure=exposure, noise=noise, blur=float(rng.uniform(0, 0.6)) + 0.5 * level, glare=glare)


def _damage_nir(rng: Generator, night: bool, level: int) -> Damage:
    if level == 2:
        if rng.random() < 0.5:  # the illuminator's own hot spot, or out of its reach
            return Damage(exposure=1.5, noise=0.05, blur=float(rng.uniform(0.5, 1.2)), glare=_glare(rng, 1.2))
        return Damage(
            exposure=float(rng.uniform(0.1, 0.25)),
            noise=float(rng.uniform(0.1, 0.16)),
            blur=float(rng.uniform(0.6, 1.2)),
        )
    glare = _glare(rng, float(rng.uniform(0.3, 0.6)) if level else 0.0)
    return Damage(
        exposure=float(rng.uniform(0.88, 1.08)),
        noise=float(rng.uniform(0.02, 0.04)) + 0.03 * level,
        blur=float(rng.uniform(0.1, 0.5)) + 0.3 * level,
        glare=glare,
    )


def _damage_tir(rng: Generator, night: bool, level: int) -> Damage:
    if level == 2:  # thermal crossover: body and surroundings equally warm, or far out of focus
        if rng.random() < 0.6:
            return Damage(
                contrast=float(rng.uniform(0.08, 0.25)),
                noise=float(rng.uniform(0.05, 0.09)),
                blur=float(rng.uniform(0.3, 1.0)),
            )
        return Damage(contrast=0.7, noise=0.06, blur=float(rng.uniform(2.0, 3.2)))
    contrast = float(rng.uniform(0.75, 1.0) if night else rng.uniform(0.55, 0.95))
    return Damage(
        contrast=contrast - 0.2 * level,
        noise=float(rng.uniform(0.02, 0.05)) + 0.03 * level,
        blur=float(rng.uniform(0.3, 0.9)) + 0.4 * level,
    )


def sample_environment(
    rng: Generator,
    camera: int,
    *,
    severe_odds: tuple[float, float, float] = (0.35, 0.45, 0.2),
    bystanders: float = 0.35,
    beside: float = 0.0,
) -> Environment:
    """Draw the circumstances of one triplet.

    At least one modality stays usable, but which one changes from triplet to triplet.

    Args:
        rng: source of randomness.
        camera: one of :data:`CAMERAS`.
        severe_odds: share of triplets with none, one, and two severely damaged modalities.
        bystanders: share of triplets with a second person in the picture.
        beside: share of the bystanders who stand beside the person.
    """
    night = bool(rng.random() < 0.5)
    severe = int(rng.choice(3, p=severe_odds))
    order = rng.choice(3, size=3, replace=False, p=(0.6, 0.2, 0.2) if night else (0.34, 0.33, 0.33))
    levels = [int(rng.integers(2)) for _ in range(3)]
    for modality in order[:severe]:
        levels[modality] = 2
    damage = tuple(draw(rng, night, level) for draw, level in zip((_damage_rgb, _damage_nir, _damage_tir), levels))
    bystander = sample_identity(rng) if rng.random() < bystanders else None
    environment = Environment(
        camera=camera,
        view=pick(rng, VIEWS, (0.36, 0.34, 0.3)),
        mirrored=bool(rng.random() < 0.5),
        capture_time=CAPTURE_TIMES[night],
        damage=damage,
        stride=float(rng.uniform(-1, 1)),
        scale=float(rng.uniform(0.84, 0.98)),
        shift=(float(rng.uniform(-0.06, 0.06)), float(rng.uniform(-0.02, 0.03))),
        bystander=bystander,
        beside=False,
        bystander_shift=float(rng.choice((-1, 1)) * rng.uniform(0.2, 0.3)),
        bystander_scale=0.88,
        bystander_front=False,
        seed=int(rng.integers(2**31)),
    )
    if bystander is None or rng.random() >= beside:
        return environment
    return replace(
        environment,
        beside=True,
        bystander_shift=float(rng.choice((-1, 1)) * rng.uniform(0.19, 0.26)),
        bystander_scale=float(rng.uniform(0.94, 1.06)),
        bystander_front=bool(rng.random() < 0.5),
    )


def rng_for(*key: int) -> Generator:
    """A generator that depends on ``key`` alone, whatever was drawn before."""
    return np.random.default_rng(key)
