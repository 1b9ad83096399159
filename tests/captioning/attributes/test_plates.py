"""Licence plates: found in any form, and gone; what is none stays."""

from __future__ import annotations

import json

import pytest

from next_mm.captioning import load_schema
from next_mm.captioning.attributes.plates import find_plates, redact

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
    ],
)
def test_plates_are_found(text):
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
    ],
)
def test_what_is_no_plate(text):
    assert not find_plates(text, MAKES)


def test_redaction_takes_plates_out_wherever_they_are():
    text = '{"plate_text": {"value": "47 11", "confidence": 1}, "registration": 4711, "licence_plate": {"value": "yes"}, "make": {"value": "VW AB 1234"}}'
    clean, count = redact(text, MAKES, ['licence_plate'])
    assert count == 3 and '11' not in clean and '1234' not in clean and '"licence_plate": {"value": "yes"}' in clean
    json.loads(clean)
