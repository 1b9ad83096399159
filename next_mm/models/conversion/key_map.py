"""A method's map between an authors' state dict and ours: strict, both ways, nothing dropped without a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import torch
from torch import Tensor

from next_mm.errors import CheckpointError
from next_mm.models.conversion.rules import Copies, Drop, Own, Rename, Rule, Stack, State, Twin
from next_mm.models.conversion.templates import Template

__all__ = ['Conversion', 'KeyMap']

_SHOWN = 3


@dataclass
class Conversion:
    """A converted state dict, and each entry that is not in it with the reason."""

    state: dict[str, Tensor] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    def report(self) -> list[str]:
        """One line for each reason, with the entries that it is of."""
        reasons: dict[str, list[str]] = {}
        for key, why in self.dropped.items():
            reasons.setdefault(why, []).append(key)
        return [f'dropped {len(keys)}: {", ".join(keys)} ({why})' for why, keys in reasons.items()]


class KeyMap:
    """The map of a method, from its rules; the first rule that fits an entry decides.

    Args:
        method: what to call the weights in messages.
        rules: the rules.
    """

    def __init__(self, method: str, rules: Iterable[Rule]) -> None:
        self.method = method
        self.rules = list(rules)
        self._theirs = [Template(getattr(rule, 'theirs', None), '', left=True) for rule in self.rules]
        self._ours = [
            Template(getattr(rule, 'ours', None), getattr(rule, 'theirs', ''), left=False) for rule in self.rules
        ]

    def to_ours(self, state: State) -> Conversion:
        """Convert an authors' state dict.

        Raises:
            CheckpointError: an entry that no rule knows, or none for a rule.
        """
        found = self._assign(state, self._theirs, self._ours, "the authors'")
        result = Conversion()
        for number, (rule, matches) in enumerate(zip(self.rules, found)):
            if isinstance(rule, Drop):
                result.dropped |= {key: rule.why for key, _ in matches}
            elif isinstance(rule, Rename):
                for key, words in matches:
                    _put(result.state, self._ours[number].fill(words), rule.to_ours(state[key]))
            elif isinstance(rule, (Stack, Copies)):
                self._gather(number, rule, matches, state, result.state)
            elif isinstance(rule, Own) and rule.make is not None:
                _put(result.state, rule.ours, rule.make(state))
        for number, (rule, matches) in enumerate(zip(self.rules, found)):
            if isinstance(rule, Twin):
                for key, words in matches:
                    self._check_twin(key, self._ours[number].fill(words), state, result)
        return result

    def to_theirs(self, state: State) -> Conversion:
        """Convert a state dict of ours to the authors' names.

        Raises:
            CheckpointError: an entry that no rule knows, or none for a rule.
        """
        found = self._assign(state, self._ours, self._theirs, 'our')
        result = Conversion()
        for number, (rule, matches) in enumerate(zip(self.rules, found)):
            if isinstance(rule, Twin):
                for key, value in state.items():
                    words = self._ours[number].match(key)
                    if words is not None:
                        _put(result.state, self._theirs[number].fill(words), value)
            elif isinstance(rule, Drop):
                if rule.restore is not None:
                    _put(result.state, rule.theirs, rule.restore(state))
                else:
                    result.dropped[rule.theirs] = f'not restored: {rule.why}'
            elif isinstance(rule, Own):
                result.dropped |= {key: rule.why for key, _ in matches}
            elif isinstance(rule, Rename):
                for key, words in matches:
                    _put(result.state, self._theirs[number].fill(words), rule.to_theirs(state[key]))
            else:
                for key, words in matches:
                    self._scatter(number, rule, words, state, key, result.state)
        return result

    def _assign(
        self, state: State, side: Sequence[Template], other: Sequence[Template], whose: str
    ) -> list[list[tuple[str, dict[str, str]]]]:
        """Give each entry to the first rule that fits: for each rule its keys, and what the placeholders stand for."""
        found: list[list[tuple[str, dict[str, str]]]] = [[] for _ in self.rules]
        unknown = []
        for key in state:
            for matches, template in zip(found, side):
                words = template.match(key)
                if words is not None:
                    matches.append((key, words))
                    break
            else:
                unknown.append(key)
        lacking = [
            template.text
            for rule, matches, template in zip(self.rules, found, side)
            if template.text
            and not matches
            and not rule.optional
            and not (isinstance(rule, Twin) and side is self._ours)
        ]
        if unknown or lacking:
            raise CheckpointError(self._refusal(whose, state, unknown, lacking, other))
        return found

    def _check_twin(self, key: str, ours: str, state: State, result: Conversion) -> None:
        if ours not in result.state:
            raise CheckpointError(f'{self.method}: {key} is a second name of what is not there')
        if not torch.equal(state[key], result.state[ours]):
            raise CheckpointError(f'{self.method}: {key} has other values than its second name, expected the same')
        result.dropped[key] = 'a second name of the same tensor'

    def _refusal(
        self, whose: str, state: State, unknown: list[str], lacking: list[str], other: Sequence[Template]
    ) -> str:
        parts = [f'expected {whose} weights of {self.method}']
        if unknown:
            parts.append(f'{len(unknown)} of {len(state)} entries are unknown, e.g. {", ".join(unknown[:_SHOWN])}')
        if lacking:
            parts.append(f'there is none of {", ".join(lacking[:_SHOWN])}' + (' ...' if lacking[_SHOWN:] else ''))
        if sum(any(template.match(key) is not None for template in other) for key in state) > len(state) / 2:
            parts.append('they seem to be converted already (--back is the other direction)')
        return '; '.join(parts)

    def _gather(
        self,
        number: int,
        rule: Stack | Copies,
        matches: Sequence[tuple[str, dict[str, str]]],
        state: State,
        result: dict[str, Tensor],
    ) -> None:
        """Collect the entries that make one of ours, and stack or compare them."""
        groups: dict[str, dict[tuple[str, ...], str]] = {}
        for key, words in matches:
            place = tuple(words[name] for name in rule.over)
            groups.setdefault(self._ours[number].fill(words), {})[place] = key
        for ours, places in groups.items():
            axes = [
                sorted({place[axis] for place in places}, key=int) if callable(values) else [str(v) for v in values]
                for axis, values in enumerate(rule.over.values())
            ]
            missing = [place for place in product(*axes) if place not in places]
            if missing:
                raise CheckpointError(
                    f'expected {rule.theirs} of {self.method} for {", ".join(rule.over)} = {missing[0]}, found none'
                )
            values = [state[places[place]] for place in product(*axes)]
            if isinstance(rule, Copies):
                differing = [key for key in places.values() if not torch.equal(state[key], values[0])]
                if differing:
                    raise CheckpointError(
                        f'{self.method}: {differing[0]} has other values than {next(iter(places.values()))}, '
                        'expected a copy'
                    )
                _put(result, ours, values[0])
            else:
                stacked = torch.stack([rule.to_ours(value) for value in values]).unflatten(
                    0, [len(axis) for axis in axes]
                )
                _put(result, ours, stacked.flatten(0, len(axes)) if rule.flat else stacked)

    def _scatter(
        self,
        number: int,
        rule: Stack | Copies,
        words: Mapping[str, str],
        state: State,
        key: str,
        result: dict[str, Tensor],
    ) -> None:
        """Cut or copy one entry of ours to theirs."""
        axes = [values(state) if callable(values) else values for values in rule.over.values()]
        value = state[key]
        if isinstance(rule, Stack):
            sizes = [len(axis) for axis in axes]
            value = value.unflatten(0, [*sizes, -1]) if rule.flat else value
            parts = list(value.flatten(0, len(sizes) - 1))
        for index, place in enumerate(product(*axes)):
            theirs = self._theirs[number].fill({**words, **{name: str(v) for name, v in zip(rule.over, place)}})
            _put(result, theirs, rule.to_theirs(parts[index].clone()) if isinstance(rule, Stack) else value)


def _put(state: dict[str, Tensor], key: str, value: Tensor) -> None:
    if key in state:
        raise ValueError(f'two rules of the key map give {key}')
    state[key] = value
