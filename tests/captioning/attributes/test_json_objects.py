"""JSON objects in what a model writes, and its thoughts taken out."""

from __future__ import annotations

import time

import pytest

from next_mm.captioning.attributes.json_objects import Fields, find_objects, read_json, remove_thoughts


@pytest.mark.parametrize(
    'text',
    [
        '<think>no</think>yes',
        '<think>no</think>\n<thinking>no</thinking>yes',
        '<Reasoning>no</Reasoning>yes',
        '<seed:think>no</seed:think>yes',
        '[THINK]no[/THINK]yes',
        '◁think▷no◁/think▷yes',
        'no</think>yes',
        'no <think> no </think> no </think>yes',
        'yes<think>no</think>',
        'yes<think>no',
        '<think>no <think> no</think>yes',
        '<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>yes',
        '<|START_THINKING|>no<|END_THINKING|>yes',
        'yes',
    ],
)
def test_thoughts_are_taken_out(text: str) -> None:
    assert remove_thoughts(text).strip() == 'yes'


@pytest.mark.parametrize(
    ('text', 'values'),
    [
        ('{"a": 1}', [{'a': 1}]),
        ('```json\n{"a": 1}\n```', [{'a': 1}]),
        ('first {"a": 1}, then {"b": 2}.', [{'a': 1}, {'b': 2}]),
        ('{value, confidence} is the form: {"a": 1}', [{'a': 1}]),
        ('[{"a": 1}]', [[{'a': 1}]]),
        ('"{\\"a\\": 1}"', [{'a': 1}]),
        ('{"a": 1, "b": {"c": 2', [{'a': 1}, {'c': 2}]),
        ('{"a": 1, "b": 2,}', [{'a': 1, 'b': 2}]),
        ('{"a": "two\nlines"}', [{'a': 'two\nlines'}]),
        ('{{"a": 1}}', [{'a': 1}]),
        ('no object', []),
        ('', []),
        ('"text"', []),
        ('7', []),
        ('{', []),
        ('{}', [{}]),
    ],
)
def test_objects_are_found_in_their_order(text: str, values: list[object]) -> None:
    assert [found.value for found in find_objects(text)] == values


def test_equal_keys_are_counted_and_huge_numbers_read() -> None:
    fields = read_json('{"a": 1, "a": {"b": 1, "b": 2}, "n": ' + '9' * 5000 + '}')
    assert isinstance(fields, Fields) and fields.repeated == 1 and fields['a'].repeated == 1
    assert fields['a'] == {'b': 2} and fields['n'] == float('inf')
    with pytest.raises(ValueError, match='too deep'):
        read_json('[' * 100_000)


@pytest.mark.parametrize(
    'piece',
    [
        '{"a":',
        '{"a":[',
        '{',
        '[',
        '"',
        '{"',
        '{"a":1,',
        '<think>',
        '</think>',
        '{"a":[0,0,0,',
        ' ',
        '\\',
        '{"a": "',
        '}',
    ],
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    start = time.perf_counter()
    text = piece * (100_000 // len(piece))
    find_objects(remove_thoughts(text))
    find_objects(text)
    assert time.perf_counter() - start < 10
