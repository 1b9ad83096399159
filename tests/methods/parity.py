"""A model of ours on the weights, pictures and captions of a fixture, at the authors' real size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from next_mm.apis.conversion import find_key_map
from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from tests.methods.filling import FIXTURES, fill_state, read_keys, relative_error

__all__ = [
    'CLIP_B16',
    'PREPROCESSOR',
    'SIDE_VIT_B16',
    'assert_close',
    'build_on_meta',
    'count_theirs',
    'count_trainable',
    'fixture_model',
]

PREPROCESSOR = dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3)
CLIP_B16: dict[str, Any] = dict(model_name='ViT-B-16-quickgelu', pretrained=None, image_size=(256, 128))
SIDE_VIT_B16: dict[str, Any] = dict(type='SideViT', image_size=(256, 128))


def build_on_meta(config: Mapping[str, Any]) -> ReIDModel:
    """Build a model without memory for its weights."""
    with torch.device('meta'):
        return MODELS.build({'data_preprocessor': PREPROCESSOR, **config})


def count_trainable(model: ReIDModel) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_theirs(method: str, variant: str | None = None) -> tuple[int, int]:
    """Number of the authors' parameters in a fixture's list of keys, and of those that the key map drops."""
    theirs = {
        key: torch.zeros(()).expand(shape)  # takes no memory
        for key, shape, _ in read_keys(FIXTURES / method / 'keys.json')
        if not key.endswith(('running_mean', 'running_var', 'num_batches_tracked'))
    }
    dropped = find_key_map(method, variant).to_ours(theirs).dropped
    return sum(value.numel() for value in theirs.values()), sum(theirs[key].numel() for key in dropped)


def fixture_model(
    method: str,
    config: Mapping[str, Any],
    *,
    keys: str = 'keys.json',
    variant: str | None = None,
    on_meta: bool = False,
    **rules: Any,
) -> ReIDModel:
    """Build a model in evaluation mode on the authors' weights by formula, through the key map, there and back.

    Args:
        method: folder of the method and of its fixture.
        config: the model, all but its data preprocessor.
        keys: the fixture's list of keys.
        variant: key map of the method.
        on_meta: build without drawing weights first, for models in which nothing but the state dict counts.
        rules: options of :func:`fill_state`.
    """
    theirs = fill_state(read_keys(FIXTURES / method / keys), **rules)
    key_map = find_key_map(method, variant)
    converted = key_map.to_ours(theirs)
    back = key_map.to_theirs(converted.state)
    assert theirs.keys() - back.state.keys() <= converted.dropped.keys()
    assert all(torch.equal(theirs[key], value) for key, value in back.state.items())
    model = build_on_meta(config) if on_meta else MODELS.build({'data_preprocessor': PREPROCESSOR, **config})
    model.load_state_dict(converted.state, strict=True, assign=True)
    return model.eval()


def assert_close(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float = 1e-5) -> None:
    """Compare arrays by name, each relative to its largest entry; all are listed where one differs."""
    errors = {name: relative_error(array, expected[name]) for name, array in found.items()}
    print(f'{len(errors)} arrays, largest relative error {max(errors.values()):.1e}')
    assert max(errors.values()) <= tolerance, errors
