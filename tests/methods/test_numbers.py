"""Numbers that make no sense are refused where a method is built, for every number that a method's parts take."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import pytest
from mmengine.config import Config

from next_mm.apis.checks.known_keys import arguments
from next_mm.engine.places import errors_with_place
from next_mm.errors import ConfigError
from next_mm.registry import MODELS
from tests.methods.toys import list_toys

ANY_SIGN = {'first_camera', 'fixed_threshold'}
"""A camera may be numbered from anywhere; a threshold lies among scores of any sign."""
MAY_BE_ZERO = {'classifiers_first', 'num_cameras', 'num_locals', 'num_prompts', 'reach'}
"""What a model can do without."""


class Number(NamedTuple):
    """An option that takes a number, or a list of them: its value, where it stands in a toy, and if it is a count."""

    toy: dict[str, Any]
    place: tuple[str | int, ...]
    value: Any
    count: bool

    def refusal(self, new: float) -> str:
        """What another number is refused with, as a command line tells it; of a list the last one is changed."""
        toy = copy.deepcopy(self.toy)
        node: Any = toy
        for key in self.place[:-1]:
            node = node[key]
        node[self.place[-1]] = [*self.value[:-1], new] if isinstance(self.value, (list, tuple)) else new
        with pytest.raises(ConfigError) as refused, errors_with_place(Config(dict(model=toy))):
            MODELS.build(copy.deepcopy(toy))
        return str(refused.value)


def find_numbers(toy: dict[str, Any], place: tuple[str | int, ...], node: Any) -> Iterator[tuple[str, Number]]:
    """Yield the numbers that the components of a toy take, each with its class and its name."""
    if isinstance(node, dict):
        kind = node.get('type')
        for name, parameter in (arguments(MODELS.get(kind)) or {} if kind else {}).items():
            value = node.get(name, parameter.default)
            kinds = kinds_of(value, parameter.annotation)
            if kinds and kinds <= {int, float}:
                yield f'{kind}.{name}', Number(toy, (*place, name), value, kinds == {int})
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, child in inner:
        yield from find_numbers(toy, (*place, key), child)


def kinds_of(value: Any, annotation: Any) -> set[type]:
    """The types of the items of a list, of a value, or of what may stand in the place of ``None``."""
    if isinstance(value, (list, tuple)):
        return set(map(type, value))
    return set(get_args(annotation)) - {type(None)} if value is None else {type(value)}


NUMBERS: dict[str, Number] = {}
for _, _toy in list_toys():
    for _name, _number in find_numbers(_toy or {}, (), _toy):
        NUMBERS.setdefault(_name, _number)


def named(apart: set[str]) -> list[str]:
    return sorted(name for name in NUMBERS if name.partition('.')[2] not in apart)


def test_the_numbers_of_parts_and_losses_are_found() -> None:
    assert {'TMSE.top_share', 'CenterLoss.weight', 'SideViT.depth', 'HACNN.widths', 'CLIPVisual.stride'} <= set(NUMBERS)


@pytest.mark.parametrize('name', named(ANY_SIGN))
def test_a_negative_number_is_refused(name: str) -> None:
    assert '\n' not in NUMBERS[name].refusal(-1)


@pytest.mark.parametrize('name', [name for name in named(ANY_SIGN | MAY_BE_ZERO) if NUMBERS[name].count])
def test_a_count_of_zero_is_refused(name: str) -> None:
    assert '\n' not in NUMBERS[name].refusal(0)


@pytest.mark.parametrize('name', [name for name in named(set()) if name.endswith('.num_heads')])
def test_heads_that_do_not_divide_a_width_are_refused(name: str) -> None:
    assert '7' in NUMBERS[name].refusal(7)
