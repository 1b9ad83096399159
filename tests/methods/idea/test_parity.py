"""IDEA at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.idea import IDEAReID
from next_mm.methods.idea.aggregation import sampling_positions
from next_mm.models.text.text_tower import read_tokens
from next_mm.structures import TripletBatch
from tests.methods.filling import FIXTURES, formula_captions, read_outputs, ripples
from tests.methods.parity import CLIP_B16, assert_close, count_trainable, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25), triplet=dict(type='TripletLoss'))
PERSONS: dict[str, Any] = dict(
    type='IDEAReID',
    num_classes=171,
    num_words=2,
    prefixes=None,  # the fixture's captions are whole texts
    reach=5,
    absent_captions=True,
    backbone=dict(type='InvertedCLIPVisual', **CLIP_B16, num_cameras=4, first_camera=1, camera_on='class'),
    text=dict(type='CLIPText', model_name=CLIP_B16['model_name'], pretrained=None),
    branches={name: dict(losses=LOSSES) for name in ('classes', 'captions', 'visual', 'textual')},
)
VEHICLES: dict[str, Any] = dict(
    PERSONS,
    num_classes=155,
    num_words=1,
    reach=25,
    backbone=dict(PERSONS['backbone'], image_size=(128, 256), num_cameras=8),
)
TEXT_TOWER = 63_428_096


@pytest.fixture(scope='module')
def model() -> IDEAReID:
    return fixture_model('idea', PERSONS)


@pytest.fixture(scope='module')
def outputs() -> dict[str, Tensor]:
    return read_outputs(FIXTURES / 'idea' / 'outputs.npz')


def make_batch(present: Tensor | None = None) -> TripletBatch:
    return TripletBatch(cameras=torch.tensor([2, 4]), tokens=formula_captions(2).unsqueeze(1), present=present)


@torch.no_grad()
@pytest.mark.real_size
def test_features_logits_and_slices(model: IDEAReID, outputs: dict[str, Tensor]) -> None:
    images = ripples(2, 256, 128)
    seen: dict[str, Any] = {}
    hooks = [
        model.backbone.register_forward_hook(lambda module, inputs, output: seen.update(tower=output)),
        model.inverse.register_forward_hook(
            lambda module, inputs, output: seen.update(summary=inputs[0], inverse=output)
        ),
    ]
    features = model.extract(images, make_batch())
    for hook in hooks:
        hook.remove()
    tower = torch.cat(
        [seen['tower'].classes[:, :, None], seen['tower'].patches, seen['tower'].captions[:, :, None]], dim=2
    )
    places = torch.tensor([0, 1, 5, 6, 7, 20]).expand(6, -1)
    embedded = model.summary.embed(model.text.tower, formula_captions(2).flatten(0, 1).long().to(places.device))
    text = read_tokens(model.text.tower, embedded, places)
    offsets = model.aggregation.offsets(seen['tower'].patches)
    found = {
        'feature': model.test_feature(features),
        'mid_text': text.unflatten(0, (2, 3))[..., :32],
        'mid_text_global': seen['summary'][..., :64],
        'mid_inverse': seen['inverse'][..., :64],
        'mid_tower': tower[:, :, [0, 1, 2, 64, 128, 129], :32],
        'mid_offset_raw': offsets,
        'eval_LOCAL_v': features['visual'],
        'eval_LOCAL_t': features['textual'],
        'eval_LOCAL': torch.cat([features['visual'], features['textual']], dim=1),
    }
    for kind, letter in (('classes', 'V'), ('captions', 'T')):
        found |= {f'eval_{letter}_{name.upper()}': features[f'{kind}_{name}'] for name in ('rgb', 'nir', 'tir')}
    for number, name in enumerate(('classes', 'captions', 'visual', 'textual')):
        found[f'train_{2 * number}'] = model.branches[name].views(features[name])['logits']
        found[f'train_{2 * number + 1}'] = features[name]
    for name in ('r', 'rn', 'nt'):
        present = torch.tensor([[letter not in name for letter in 'rnt']] * 2)
        features = model.extract(images, make_batch(present))
        found[f'missing_{name}_LOCAL_v'] = features['visual']
        found[f'missing_{name}_LOCAL_t'] = features['textual']
    assert_close('idea', found, outputs)
    positions = sampling_positions(offsets, model.backbone.grid, 5)
    assert_close('idea', {'mid_positions': positions}, outputs, tolerance=5e-5)  # offsets near zero, times up to 5 / 2


@pytest.mark.real_size
def test_parameters(model: IDEAReID) -> None:
    """The authors' own counts; less by one, CLIP's logit scale, which nothing reads."""
    assert count_trainable(model) == 91_673_601 - 1
    text = sum(parameter.numel() for parameter in model.text.tower.parameters())
    assert text == TEXT_TOWER
    assert sum(parameter.numel() for parameter in model.parameters()) + text == 155_107_841 - 1


@pytest.mark.real_size
def test_vehicle_weights_fit() -> None:
    assert count_trainable(fixture_model('idea', VEHICLES, keys='keys_vehicle.json')) == 91_577_857 - 1
