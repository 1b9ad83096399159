"""Key maps: worked by hand, both ways, strict."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from next_mm.errors import CheckpointError
from next_mm.models.conversion import Copies, Drop, KeyMap, Own, Rename, Stack

MAP = KeyMap(
    'Toy',
    [
        Rename('base.{rest*}', 'backbone.tower.{rest*}'),
        Rename('cv', 'cameras.weight', lambda v: v.squeeze(1), lambda v: v.unsqueeze(1), optional=True),
        Rename('{m:r=rgb|t=tir}_head.weight', 'branches.{m}.weight'),
        Stack('expert.{j}.{h}.weight', 'experts.weight', over={'h': lambda s: range(2), 'j': lambda s: range(3)}),
        Stack('expert.{j}.{h}.bias', 'experts.bias', over={'h': range(2), 'j': range(3)}, flat=True),
        Copies('text{k}.{rest*}', 'text.{rest*}', over={'k': (1, 2)}, optional=True),
        Drop(
            'idle', 'it is never used', restore=lambda state: torch.zeros(len(state['cameras.weight'])), optional=True
        ),
        Drop('gone.{rest*}', 'who knows', optional=True),
        Own('mean', 'we count', make=lambda state: state['cv'].mean(), optional=True),
    ],
)


def theirs() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    state = {'base.a.b': torch.randn(2, generator=generator), 'cv': torch.randn(4, 1, 3, generator=generator)}
    state |= {f'{m}_head.weight': torch.randn(2, generator=generator) for m in 'rt'}
    for j in range(3):
        for h in range(2):
            state[f'expert.{j}.{h}.weight'] = torch.full((2, 2), 10.0 * h + j)
            state[f'expert.{j}.{h}.bias'] = torch.full((2,), 10.0 * h + j)
    state |= {f'text{k}.w': torch.tensor([5.0]) for k in (1, 2)}
    return state | {'idle': torch.zeros(4), 'gone.x': torch.ones(1)}


def test_by_hand() -> None:
    state = theirs()
    result = MAP.to_ours(state)
    assert set(result.state) == {
        'backbone.tower.a.b',
        'cameras.weight',
        'branches.rgb.weight',
        'branches.tir.weight',
        'experts.weight',
        'experts.bias',
        'text.w',
        'mean',
    }
    assert result.state['experts.weight'].shape == (2, 3, 2, 2)
    assert result.state['experts.weight'][1, 2].eq(12).all()
    assert result.state['experts.bias'].tolist() == [0, 0, 1, 1, 2, 2, 10, 10, 11, 11, 12, 12]
    assert result.state['branches.tir.weight'] is state['t_head.weight']
    assert result.report() == ['dropped 1: idle (it is never used)', 'dropped 1: gone.x (who knows)']


def test_there_and_back() -> None:
    state = theirs()
    back = MAP.to_theirs(MAP.to_ours(state).state)
    assert set(back.state) == set(state) - {'gone.x'}
    assert all(torch.equal(back.state[key], state[key]) for key in back.state)
    assert back.dropped == {'mean': 'we count', 'gone.{rest*}': 'not restored: who knows'}


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda s: s.update(foo=s['cv']),
            'expected the authors. weights of Toy; 1 of 21 entries are unknown, e.g. foo',
        ),
        (lambda s: s.pop('base.a.b'), r'there is none of base.\{rest\*\}'),
        (lambda s: s.pop('expert.2.1.bias'), r"for h, j = \('1', '2'\), found none"),
        (lambda s: s.update({'text2.w': torch.zeros(1)}), 'text2.w has other values than text1.w, expected a copy'),
    ],
)
def test_a_wrong_state_is_refused(change, message: str) -> None:
    state = theirs()
    change(state)
    with pytest.raises(CheckpointError, match=message):
        MAP.to_ours(state)


def test_the_wrong_direction_is_told() -> None:
    with pytest.raises(CheckpointError, match='they seem to be converted already'):
        MAP.to_ours(MAP.to_ours(theirs()).state)


def test_two_rules_for_one_entry_are_a_fault_of_the_map() -> None:
    with pytest.raises(ValueError, match='two rules of the key map give c'):
        KeyMap('Toy', [Rename('a', 'c'), Rename('b', 'c')]).to_ours({'a': torch.ones(1), 'b': torch.ones(1)})
