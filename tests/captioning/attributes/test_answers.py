"""Answers: what is repaired, what is unknown, what is dropped. Plates: found, and gone."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from next_mm.captioning import load_schema, parse_answer
from next_mm.captioning.attributes.answers import LONGEST_ANSWER
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
        (10**400, 0),
        ('9' * 400, 0),
        ('1.2.3', 0),
        ('.', 0),
    ],
)
def test_confidence(given_confidence: object, expected: object) -> None:
    observation, _ = one('gender', {'value': 'male', 'confidence': given_confidence})
    assert observation.value == 'male' and observation.confidence == pytest.approx(expected)


def test_confidence_that_is_no_number_at_all() -> None:
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
def test_value(value: object, expected: object) -> None:
    observation, _ = one('gender', {'value': value, 'confidence': 0.9})
    assert (observation.value if observation else None) == expected


def test_a_confident_no_is_a_value_and_none_is_not() -> None:
    assert one('backpack', {'value': False, 'confidence': 0.9})[0].value == 'no'
    assert one('backpack', {'value': 'not carrying', 'confidence': 0.9})[0].value == 'no'
    assert one('backpack', {'value': 'none', 'confidence': 0.9})[0].value is None


def test_free_values_are_taken_within_reason() -> None:
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
def test_hopeless_answers_are_invalid(text: str) -> None:
    parsed = parse_answer(text, PERSON, 'rgb')
    assert parsed.status == 'invalid' and not parsed.attributes


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(0, 3000))
def test_any_text_and_any_cut_is_survived_and_nothing_is_invented(noise: str, cut: int) -> None:
    whole = json.dumps({n: {'value': next(iter(a.values)), 'confidence': 0.5} for n, a in PERSON.attributes.items()})
    parse_answer(noise, PERSON, 'tir')
    parsed = parse_answer(noise.replace('{', '') + whole[:cut], PERSON, 'rgb', cut_off=True)
    for name, observation in parsed.attributes.items():
        assert observation.value in (None, next(iter(PERSON.attributes[name].values)))


def test_every_way_of_not_knowing_is_known() -> None:
    assert all(is_unknown(phrase.upper() + ' ') for phrase in UNKNOWN_PHRASES) and is_unknown(' -- ')
    assert not any(
        is_unknown(v) for s in (PERSON, VEHICLE) for a in s.attributes.values() for v in (*a.values, *a.lookup)
    )
    assert unknown_words('He is carrying none, hair unclear. License plate is not visible.') == ['none', 'unclear']


def whole_answer() -> dict[str, dict[str, object]]:
    return {n: {'value': next(iter(a.values)), 'confidence': 0.5} for n, a in PERSON.observable('rgb').items()}


WHOLE = json.dumps(whole_answer())
DRAFT = '{"gender": {"value": "female", "confidence": 0.2}}'


@pytest.mark.parametrize(
    'text',
    [
        WHOLE,
        f'<think>{DRAFT}</think>{WHOLE}',
        f'<think>{{value, confidence}}</think>{WHOLE}',
        f'{DRAFT}</think>{WHOLE}',
        f'First {DRAFT}, no, rather:\n{WHOLE}\nThat is all: {{}}',
        f'{WHOLE}\n(as an example, {DRAFT} would be wrong)',
        f'Format: {{"gender": {{"value": "...", "confidence": 0}}}} Answer: ```json\n{WHOLE}\n```',
        f'[{WHOLE}]',
        json.dumps(WHOLE),
        json.dumps({'answer': whole_answer(), 'comment': 'clear'}),
        json.dumps({'result': {'person': whole_answer()}}),
        json.dumps([{name: entry} for name, entry in whole_answer().items()]),
        json.dumps([{'name': name, **entry} for name, entry in whole_answer().items()]),
        json.dumps({name.replace('_', ' ').title(): entry for name, entry in whole_answer().items()}),
        json.dumps({n: {'Value': e['value'], 'Confidence': '50%'} for n, e in whole_answer().items()}),
        f'<think>{WHOLE}',  # a tag that should end the thoughts is missing, but this is no draft
        f'Draft {WHOLE.replace("0.5", "0.1")} Final {WHOLE}',
    ],
)
def test_the_answer_among_thoughts_drafts_and_wrappings(text: str) -> None:
    parsed = parse_answer(text, PERSON, 'rgb')
    assert parsed.status == 'complete'
    assert {n: (o.value, o.confidence) for n, o in parsed.attributes.items()} == {
        n: (e['value'], 0.5) for n, e in whole_answer().items()
    }
    # what is kept reads the same
    kept = parse_answer(parsed.kept, PERSON, 'rgb')
    assert kept.attributes == parsed.attributes and set(json.loads(parsed.kept)) == set(whole_answer())


def test_a_draft_in_thoughts_that_were_cut_off_is_no_answer() -> None:
    assert parse_answer(f'<think>{DRAFT} is my first guess', PERSON, 'rgb', cut_off=True).status == 'invalid'


def test_equal_attributes_are_counted() -> None:
    parsed = parse_answer('{"gender": {"value": "male"}, "Gender": {"value": "female"}}', PERSON, 'rgb')
    assert parsed.attributes['gender'].value == 'female'
    assert parsed.notes['attribute given twice, the last taken'] == 1


@pytest.mark.parametrize('value', ['\ud800x', 'a\x1b[2Jb', 'a\u202eb', 1e999, '京A12345', 'yun-A-153YC', 'abc1234'])
def test_free_values_that_may_not_be_kept_are_unknown(value: object) -> None:
    parsed = parse_answer(json.dumps({'make': {'value': value, 'confidence': 0.9}}), VEHICLE, 'rgb')
    assert parsed.attributes['make'].value is None
    parsed.kept.encode()  # nothing in it that a database would not take
    assert '12345' not in parsed.kept and '153YC' not in parsed.kept


def test_a_long_answer_is_read_at_both_ends() -> None:
    for text in ('x' * 500_000 + WHOLE, WHOLE + ' and so on' * 50_000):
        parsed = parse_answer(text, PERSON, 'rgb')
        assert parsed.status == 'complete' and parsed.notes['answer too long, its middle not read'] == 1
    assert len(parse_answer('x' * 500_000, PERSON, 'rgb').kept) < 11_000


@pytest.mark.parametrize(
    'piece',
    [
        *(
            '{',
            '{}',
            '[',
            '[1,',
            '{"a":',
            '{"a":{"value":"x"},',
            '{"gender": {"value": "male"}} ',
            '"plate":{"value":"',
        ),
        *('"', '\\"', '<think>', '</think>', '<|channel|>final', '```json\n', "I'm sorry ", '\n '),
    ],
)
def test_time_grows_with_the_length_of_an_answer_alone(piece: str) -> None:
    start = time.perf_counter()
    parse_answer(piece * (LONGEST_ANSWER // len(piece)), VEHICLE, 'rgb')
    assert time.perf_counter() - start < 10  # under a second; with the square of the length half a minute
