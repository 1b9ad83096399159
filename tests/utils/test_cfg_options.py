"""Values on ``--cfg-options`` become what a config would hold."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from next_mm.utils.command_line import add_config, parse_value


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('3', 3),
        ('-1', -1),
        ('1e-3', 0.001),
        ('None', None),
        ('True', True),
        ('text', 'text'),
        ("'text'", 'text'),
        ('data/own.csv', 'data/own.csv'),
        ('[1,2]', [1, 2]),
        ("['a', 'b']", ['a', 'b']),
        ('[a.csv,b.csv]', ['a.csv', 'b.csv']),
        ('a,b', ['a', 'b']),
        ('(32,16)', (32, 16)),
        ('[(1,2),(3,4)]', [(1, 2), (3, 4)]),
        ("{'type': 'A'}", {'type': 'A'}),
        ("[dict(type='LinearLR', end=2)]", [{'type': 'LinearLR', 'end': 2}]),
        ("[{'type': 'A', 'x': [1, -2]}]", [{'type': 'A', 'x': [1, -2]}]),
        ('', ''),
        ("__import__('os').getcwd()", "__import__('os').getcwd()"),  # nothing is run
    ],
)
def test_a_value(text: str, value: Any) -> None:
    found = parse_value(text)
    assert found == value and type(found) is type(value)


def test_options_are_collected_over_several_words() -> None:
    parser = argparse.ArgumentParser()
    add_config(parser)
    args = parser.parse_args(['leaf.py', '--cfg-options', 'a.b=1', 'c==x', '--cfg-options', "d=[dict(e='f')]"])
    assert args.cfg_options == {'a.b': 1, 'c': '=x', 'd': [{'e': 'f'}]}


@pytest.mark.parametrize('word', ['a=[1,2', 'a=(x', "a=[dict(type='X'"])
def test_brackets_that_do_not_close_are_named(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_config(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(['leaf.py', '--cfg-options', word])
    assert 'expected a value such as' in capsys.readouterr().err
