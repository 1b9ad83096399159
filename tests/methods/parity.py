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

__all__ = ['CLIP_B16', 'PREPROCESSOR', 'assert_close', 'build_on_meta', 'count_trainable', 'fixture_model']

PREPROCESSOR = dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3)
CLIP_B16: dict[str, Any] = dict(model_name='ViT-B-16-quickgelu', pretrained=None, image_size=(256, 128))


def build_on_meta(config: Mapping[str, Any]) -> ReIDModel:
    """Build a model without memory for its weights."""
    with torch.device('meta'):
        return MODELS.build({'data_preprocessor': PREPROCESSOR, **config})


def count_trainable(model: ReIDModel) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def fixture_model(
    method: str, config: Mapping[str, Any], *, keys: str = 'keys.json', variant: str | None = None, **rules: Any
) -> ReIDModel:
    """Build a model in evaluation mode on the authors' weights by formula, through the key map, there and back."""
    theirs = fill_state(read_keys(FIXTURES / method / keys), **rules)
    key_map = find_key_map(method, variant)
    converted = key_map.to_ours(theirs)
    back = key_map.to_theirs(converted.state)
    assert theirs.keys() - back.state.keys() <= converted.dropped.keys()
    assert all(torch.equal(theirs[key], value) for key, value in back.state.items())
    model = MODELS.build({'data_preprocessor': PREPROCESSOR, **config})
    model.load_state_dict(converted.state, strict=True, assign=True)
    return model.eval()


def assert_close(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float = 1e-5) -> None:
    """Compare arrays by name, each relative to its largest entry; all are listed where one differs."""
    errors = {name: relative_error(array, expected[name]) for name, array in found.items()}
    print(f'{len(errors)} arrays, largest relative error {max(errors.values()):.1e}')
    assert max(errors.values()) <= tolerance, errors
