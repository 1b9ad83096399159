"""Answers: what is repaired, what is unknown, what is dropped. Plates: found, and gone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from next_mm.captioning import load_schema, parse_answer
from next_mm.captioning.attributes.plates import REMOVED
from next_mm.captioning.attributes.unknown import UNKNOWN_PHRASES, is_unknown, unknown_words

PERSON, VEHICLE = load_schema('person'), load_schema('vehicle')
MAKES = list(VEHICLE.attributes['make'].lookup)


def one(name: str, entry: object, schema=PERSON):
    parsed = parse_answer(json.dumps({name: entry}), schema, 'rgb', 'm')
    return parsed.attributes.get(name), parsed.notes


@pytest.mark.parametrize(
    ('given_confidence', 'expected'),
    [
        (0.85, 0.85),
        (0, 0),
        (1, 1),
        (85, 0.85),
        (100, 1),
        ('85%', 0.85),
        ('0.85', 0.85),
        ('85', 0.85),
        ('high', 0.9),
        ('Very High', 0.95),
        ('low', 0.3),
        (1.5, 0),
        (-1, 0),
        (101, 0),
        ('sky-high', 0),
        (None, 0),
        (True, 0),
        ([0.5], 0),
        ('1.2.3', 0),
        ('.', 0),
    ],
)
def test_confidence(given_confidence, expected):
    observation, _ = one('gender', {'value': 'male', 'confidence': given_confidence})
    assert observation.value == 'male' and observation.confidence == pytest.approx(expected)


def test_confidence_that_is_no_number_at_all():
    observation = parse_answer('{"gender": {"value": "male", "confidence": NaN}}', PERSON, 'rgb').attributes['gender']
    assert (observation.value, observation.confidence) == ('male', 0)


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        ('male', 'male'),
        (' Male. ', 'male'),
        ('man', 'male'),
        ('unknown', None),
        ('N/A', None),
        ('', None),
        ('not visible', None),
        (None, None),
        ('robot', None),
        (['male'], 'male'),
        (['male', 'female'], None),
        (7, None),
        ({'a': 1}, None),
    ],
)
def test_value(value, expected):
    observation, _ = one('gender', {'value': value, 'confidence': 0.9})
    assert (observation.value if observation else None) == expected


def test_a_confident_no_is_a_value_and_none_is_not():
    assert one('backpack', {'value': False, 'confidence': 0.9})[0].value == 'no'
    assert one('backpack', {'value': 'not carrying', 'confidence': 0.9})[0].value == 'no'
    assert one('backpack', {'value': 'none', 'confidence': 0.9})[0].value is None


def test_free_values_are_taken_within_reason():
    assert one('make', {'value': 'Wartburg', 'confidence': 0.5}, VEHICLE)[0].value == 'Wartburg'
    assert one('make', {'value': 'VW', 'confidence': 0.5}, VEHICLE)[0].value == 'Volkswagen'
    assert (
        one('make', {'value': 'x' * 41, 'confidence': 0.5}, VEHICLE)[0] is None
        or one('make', {'value': 'x' * 41}, VEHICLE)[0].value is None
    )
    assert (
        one('make', {'value': REMOVED, 'confidence': 0.5}, VEHICLE)[0] is None
        or one('make', {'value': REMOVED}, VEHICLE)[0].value is None
    )


@pytest.mark.parametrize(
    'text', ['', 'null', '[]', '3', '{', '{"a', '{"gender"', '{}', 'no JSON here', '[' * 5000, '{"a":' * 5000]
)
def test_hopeless_answers_are_invalid(text):
    parsed = parse_answer(text, PERSON, 'rgb')
    assert parsed.status == 'invalid' and not parsed.attributes


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(0, 3000))
def test_any_text_and_any_cut_is_survived_and_nothing_is_invented(noise, cut):
    whole = json.dumps({n: {'value': next(iter(a.values)), 'confidence': 0.5} for n, a in PERSON.attributes.items()})
    parse_answer(noise, PERSON, 'tir')
    parsed = parse_answer(noise.replace('{', '') + whole[:cut], PERSON, 'rgb', cut_off=True)
    for name, observation in parsed.attributes.items():
        assert observation.value in (None, next(iter(PERSON.attributes[name].values)))


def test_every_way_of_not_knowing_is_known():
    assert all(is_unknown(phrase.upper() + ' ') for phrase in UNKNOWN_PHRASES) and is_unknown(' -- ')
    assert not any(
        is_unknown(v) for s in (PERSON, VEHICLE) for a in s.attributes.values() for v in (*a.values, *a.lookup)
    )
    assert unknown_words('He is carrying none, hair unclear. License plate is not visible.') == ['none', 'unclear']
