"""A model of ours on the weights, pictures and captions of a fixture, at the authors' real size."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
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
    'TOLERANCE',
    'assert_close',
    'build_on_meta',
    'count_theirs',
    'count_trainable',
    'fixture_model',
    'note_parity',
]

TOLERANCE = 1e-5
"""Largest difference from the authors' outputs, relative to the largest entry of an array.

Two orders of the same sums differ by their roundings alone. In single precision a rounding is at most 2^-24, and the
longest chain of a ViT-B, 12 blocks that each end in a sum of 3072 products, has sqrt(12 * 3072) * 2^-24 = 1.1e-5 if
every product were rounded by itself; kernels keep eight or more partial sums, so a third of it. A formula that differs
at all is off by 1e-3 and more.
"""

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


def assert_close(
    system: str, found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float = TOLERANCE
) -> None:
    """Compare arrays of a system by name, each relative to its largest entry; all are listed where one differs."""
    errors = {name: relative_error(array, expected[name]) for name, array in found.items()}
    assert max(errors.values()) <= tolerance, errors
    note_parity(system, errors, max(errors.values()))


def note_parity(system: str, arrays: Iterable[str], largest: float) -> None:
    """Add a line to the file that ``NEXT_MM_PARITY`` names, for the table of docs/zoo.md."""
    if path := os.environ.get('NEXT_MM_PARITY'):
        with open(path, 'a', encoding='utf-8') as file:
            file.write(json.dumps({'system': system, 'arrays': sorted(arrays), 'largest': largest}) + '\n')
