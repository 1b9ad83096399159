"""Compose the synthetic data's captions from true attributes, with the honest flaws that generated captions have."""

from __future__ import annotations

from numpy.random import Generator

from next_mm.triplet import MODALITIES
from projects.synthetic import attributes as vocabulary
from projects.synthetic.attributes import Environment, PersonIdentity

VALUES = dict(
    age=vocabulary.AGES,
    gender=vocabulary.GENDERS,
    upper_type=vocabulary.UPPER_TYPES,
    upper_color=vocabulary.COLORS,
    upper_pattern=vocabulary.PATTERNS,
    lower_type=vocabulary.LOWER_TYPES,
    lower_color=vocabulary.COLORS,
    footwear=vocabulary.FOOTWEAR,
    hairstyle=vocabulary.HAIRSTYLES,
    glasses=('yes', 'no'),
    backpack=('yes', 'no'),
    handbag=('yes', 'no'),
    suitcase=('yes', 'no'),
    held_object=vocabulary.HELD_OBJECTS,
    view=vocabulary.VIEWS,
    capture_time=vocabulary.CAPTURE_TIMES,
    illumination=vocabulary.ILLUMINATIONS,
    clarity=vocabulary.CLARITIES,
)
"""Attributes that a caption can mention, and their values."""
_UNSEEN = {
    'rgb': (),
    'nir': ('upper_color', 'lower_color'),
    'tir': ('upper_color', 'lower_color', 'capture_time', 'illumination'),
}
_ONCE_UNKNOWN, _ONCE_WRONG = 0.06, 0.04


def true_attributes(person: PersonIdentity, environment: Environment) -> dict[str, dict[str, str]]:
    """The truth about a triplet, by modality, in the words of the person schema of captioning.

    Attributes that a modality cannot show (colour in NIR and TIR, lighting in TIR) are left out there.

    Returns:
        ``{'rgb': {'age': 'adult', ...}, 'nir': {...}, 'tir': {...}}``.
    """
    shared = {**person.named(), 'view': environment.view, 'capture_time': environment.capture_time}
    return {
        modality: {
            name: value
            for name, value in {**shared, 'illumination': damage.illumination, 'clarity': damage.clarity}.items()
            if name not in _UNSEEN[modality]
        }
        for modality, damage in zip(MODALITIES, environment.damage)
    }


def blemish(
    truth: dict[str, str], rng: Generator, unknown: float = _ONCE_UNKNOWN, wrong: float = _ONCE_WRONG
) -> dict[str, str]:
    """What a captioner takes for true: a few attributes lost, fewer wrong, colours lost in the dark.

    Args:
        truth: attribute to value.
        rng: source of randomness.
        unknown, wrong: share of the attributes.
    """
    told = {}
    for name, value in truth.items():
        draw = rng.random()
        lost = unknown + (0.4 if name.endswith('color') and truth.get('illumination') == 'dim' else 0.0)
        if draw < lost:
            continue
        if draw < lost + wrong:
            others = [other for other in VALUES[name] if other != value]
            value = others[int(rng.integers(len(others)))]
        told[name] = value
    return told


def compose(told: dict[str, str]) -> str:
    """Write an attribute set as a caption of short sentences, in the manner of the released ones.

    Args:
        told: known attributes; those missing are unknown.
    """
    pronoun = {'male': 'He', 'female': 'She'}.get(told.get('gender', ''), 'The person')
    if 'side' in told:  # two people: every sentence says which is meant
        pronoun = f'The {told.get("gender", "person")} on the {told["side"]}'
    who = ' '.join(part for part in (told.get('age'), told.get('gender', 'person')) if part)
    opening = f'{_article(who)} {who}'
    if 'view' in told:
        opening += f' seen from the {told["view"]}'
    if 'side' in told:
        opening += f' on the {told["side"]}'
    if 'capture_time' in told:
        opening += f' during {told["capture_time"]}'
    if 'illumination' in told:
        opening += f' in {told["illumination"]} lighting'
    clothes = [garment for garment in (_upper(told), _lower(told), told.get('footwear')) if garment]
    sentences = [opening + '.']
    if clothes:
        sentences.append(f'{pronoun} is wearing {_listed(clothes)}.')
    head = [*(_hair(told['hairstyle']) if 'hairstyle' in told else []), *_glasses(told.get('glasses'))]
    if head:
        sentences.append(f'{pronoun} has {_listed(head)}.')
    carrying = _carrying(told)
    if carrying:
        sentences.append(f'{pronoun} is {carrying}.')
    if told.get('held_object', 'nothing') != 'nothing':
        sentences.append(f'{pronoun} is holding {_article(told["held_object"]).lower()} {told["held_object"]}.')
    if 'clarity' in told:
        sentences.append(f'The image appears {told["clarity"]}.')
    return ' '.join(sentences)


def captions_for(person: PersonIdentity, environment: Environment, rng: Generator) -> dict[str, str]:
    """One caption for each modality of a triplet.

    What several modalities show is complemented across them, as the paper does, so they share it, flaws included; view,
    lighting and clarity are each modality's own.
    """
    truth = true_attributes(person, environment)
    shared = blemish(truth['rgb'], rng)
    sides = environment.sides()
    side = {} if sides is None else {'side': sides[int(person is environment.bystander)]}
    captions = {}
    for modality in MODALITIES:
        own = blemish(
            {name: truth[modality][name] for name in ('illumination', 'clarity') if name in truth[modality]}, rng
        )
        told = {
            name: value
            for name, value in shared.items()
            if name in truth[modality] and name not in ('illumination', 'clarity')
        }
        told = blemish(told, rng, unknown=0.04, wrong=0.01)
        captions[modality] = compose({**told, **own, **side})
    return captions


def _article(noun: str) -> str:
    return 'An' if noun[0] in 'aeiou' else 'A'


def _join(*words: str | None) -> str:
    return ' '.join(word for word in words if word)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f'{", ".join(parts[:-1])} and {parts[-1]}'


def _upper(told: dict[str, str]) -> str:
    pattern = told.get('upper_pattern')
    words = _join(
        told.get('upper_color'),
        None if pattern == 'plain' and 'upper_type' in told else pattern,
        told.get('upper_type'),
    )
    if 'upper_type' not in told:
        return f'{words} upper clothing' if words else ''
    return f'{_article(words).lower()} {words}'


def _lower(told: dict[str, str]) -> str:
    color = told.get('lower_color')
    return _join(color, told.get('lower_type', 'lower clothing')) if color or 'lower_type' in told else ''


def _hair(style: str) -> list[str]:
    return [{'bald': 'a bald head', 'cap': 'a cap', 'ponytail': 'a ponytail'}.get(style, style)]


def _glasses(flag: str | None) -> list[str]:
    return {'yes': ['glasses'], 'no': ['no glasses']}.get(flag or '', [])


def _carrying(told: dict[str, str]) -> str:
    bags = [bag for bag in ('backpack', 'handbag', 'suitcase') if told.get(bag) == 'yes']
    if bags:
        return f'carrying {_listed([f"a {bag}" for bag in bags])}'
    known = all(told.get(bag) == 'no' for bag in ('backpack', 'handbag', 'suitcase'))
    return 'not carrying a bag' if known else ''
