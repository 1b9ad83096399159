"""Licence plates: found in any form, and gone; what is none stays."""

from __future__ import annotations

import json
import time

import pytest

from next_mm.captioning import load_schema
from next_mm.captioning.attributes.plates import REMOVED, find_plates, redact, redact_value

MAKES = load_schema('vehicle').plain_words


@pytest.mark.parametrize(
    'text',
    [
        'plate reads ABC-1234',
        '沪A·12345',
        'a car, AB12 CDE',
        'license plate number: 8K2 911',
        'plate: 47111',
        'BMW AB 1234',
        '京A F1234学',
        'abc1234',
        'ab-12-cde',
        'a car, plate reads ab 12 cde',
        'licence plate 47 11',
        'A B 1 2 C D E',
        'yun-A-153YC',
        'Anhui-AEK92I',
        'guangdong B12345',
        'su-a-12b45',
        '京a12345 sedan',
        '浙A1234挂',
        'Ａ１２３ＢＣ７７',
        'А123ВС77',  # Cyrillic
        '12가 3456',
        '品川 300 あ 12-34',
        r'\u4eacA12345',
        r'\\u4eacA12345',
        r'\u0041\u0042\u0031\u0032 CDE',
        '&#20140;A12345',
        '%E4%BA%ACA12345',
        '京\u200bA\u200b12345',
    ],
)
def test_plates_are_found(text: str) -> None:
    assert find_plates(text, MAKES)


@pytest.mark.parametrize(
    'text',
    [
        'License plate is visible.',
        'a BMW 320',
        'AUDI A6',
        'an MG 5',
        '0.95',
        'A SUV',
        'JPEG',
        'It is a 4-door VW.',
        'plate is not visible',
        'a vintage 2015 model',
        'a 1990s car',
        'a 1920x1080 picture at 10:30pm',
        'the plate is 25 cm wide',
        'a BMW320i and a BMW 320i',
        'a tag with 3 colours',
        'driving at 120km/h',
        'Shanghai: a street with 22 cars',
        'a 2-door coupe with 17-inch wheels and a 5.0L V8',
        'aged 30-40, number 23 on a t-shirt',
    ],
)
def test_what_is_no_plate(text: str) -> None:
    assert not find_plates(text, MAKES)


def test_redaction_takes_plates_out_wherever_they_are() -> None:
    text = (
        '{"plate_text": {"value": "47 11", "confidence": 1}, "registration": 4711, "licence_plate": {"value": "yes"}, '
        '"make": {"value": "VW AB 1234"}}'
    )
    clean, count = redact(text, MAKES, ['licence_plate'])
    assert count == 3 and '11' not in clean and '1234' not in clean and '"licence_plate": {"value": "yes"}' in clean
    json.loads(clean)


def test_redaction_takes_plates_out_of_any_json_value() -> None:
    value = {
        'value': 'beside \u4eacA12345',
        'seen': ['京A12345', {'deep': 'AB12 CDE'}],
        'plate_number': 4711,
        '车牌': 'unknown to us',
        'confidence': 0.9,
        'AB12 CDE': None,
    }
    clean, count = redact_value(value)
    assert count == 5
    assert clean == {
        'value': f'beside {REMOVED}',
        'seen': [REMOVED, {'deep': REMOVED}],
        'plate_number': REMOVED,
        '车牌': REMOVED,
        'confidence': 0.9,
        REMOVED: None,
    }
    assert redact_value('x' * 1000)[0] == 'x' * 200  # no value is that long
    nested: object = 'AB12 CDE'
    for _ in range(500):
        nested = [nested]
    assert 'AB12' not in json.dumps(redact_value(nested)[0])


PIECES = [
    'plate A ',
    '"plate',
    '1A',
    'A 1 ',
    '京A',
    r'\u4eac',
    '&#20140;',
    '%E4',
    'a-1-',
    ' ',
    '"a":',
    '\\',
    '1 ',
    'A',
    '&',
]
PIECES += ['"plate":"', 'yun-', 'AB12CDE ', '"plate" : { "value" :']


@pytest.mark.parametrize('piece', PIECES)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    start = time.perf_counter()
    redact(piece * (100_000 // len(piece)), MAKES)
    assert time.perf_counter() - start < 10  # under a second; with the square of the length it was hours
