"""What a user can give a method wrongly: each ends in one clear sentence, for every method."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch

from next_mm.apis.conversion import find_key_map, list_convertible
from next_mm.engine import load_weights
from next_mm.errors import CheckpointError, ConfigError
from next_mm.registry import MODELS
from tests.methods.filling import FIXTURES, read_keys
from tests.methods.toys import list_toys, make_batch

TOYS = {name: toy for name, toy in list_toys() if toy}
BIG = (48, 48)


def nodes(config: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary of a config."""
    if isinstance(config, dict):
        yield config
        for value in config.values():
            yield from nodes(value)


def sized(name: str, size: tuple[int, int]) -> dict[str, Any]:
    """A toy for pictures of another size."""
    toy = copy.deepcopy(TOYS[name])
    for node in nodes(toy):
        if 'image_size' in node:
            node['image_size'] = size
    return toy


@pytest.mark.parametrize('name', TOYS)
def test_pictures_of_another_size(name: str) -> None:
    model = MODELS.build(copy.deepcopy(TOYS[name])).eval()
    _, batch = make_batch(model, 2)
    with pytest.raises(ConfigError) as found:
        model.feature(torch.zeros(2, 3, 3, *BIG), batch)
    message = str(found.value)
    assert '\n' not in message and str(BIG) in message and str(model.image_size) in message


@pytest.mark.parametrize('name', TOYS)
def test_a_picture_size_is_refused_or_it_works(name: str) -> None:
    """Smaller than a patch or than what pooling leaves, of odd sides, no multiple of the stride."""
    for size in ((0, 16), (-8, 16), (7, 5), (41, 23), (56, 24)):
        refusal = ''
        try:
            model = MODELS.build(sized(name, size)).eval()
        except ConfigError as error:
            refusal = str(error)
        if refusal:
            assert '\n' not in refusal and ('image_size' in refusal or 'patches' in refusal)
        else:
            assert min(size) > 0
            images, batch = make_batch(model, 2)
            with torch.no_grad():
                assert model.feature(images, batch).isfinite().all()


@pytest.mark.parametrize('method', list_convertible())
def test_weights_of_another_method(method: str) -> None:
    other = 'osnet' if method != 'osnet' else 'cal'
    state = {key: torch.zeros(()) for key, _, _ in read_keys(FIXTURES / other / 'keys.json')}
    own = find_key_map(method).method
    for wrong in (state, {'model.weight': torch.zeros(2)}, {}):
        with pytest.raises(CheckpointError) as found:
            find_key_map(method).to_ours(wrong)
        assert str(found.value).startswith(f"expected the authors' weights of {own}") and '\n' not in str(found.value)


def with_cameras(name: str, number: int) -> Mapping[str, Any]:
    toy = copy.deepcopy(TOYS[name])
    for node in nodes(toy):
        if node.get('num_cameras'):
            node['num_cameras'] = number
    return toy


@pytest.mark.parametrize('name', [name for name, toy in TOYS.items() if any(n.get('num_cameras') for n in nodes(toy))])
def test_a_checkpoint_with_another_number_of_cameras(name: str) -> None:
    model, other = (MODELS.build(with_cameras(name, number)) for number in (2, 5))
    with pytest.raises(CheckpointError, match=r'set model\.\S+\.num_cameras'):
        load_weights(model, other.state_dict(), source='five.pth')
    for wrong in (-1, 1.5):
        with pytest.raises(ConfigError, match='num_cameras'):
            MODELS.build(with_cameras(name, wrong))
