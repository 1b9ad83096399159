"""ICPL-ReID at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.icpl import ICPLReID
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, fill_state, read_keys, read_outputs, ripples
from tests.methods.parity import CLIP_B16, assert_close, count_trainable, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', weight=0.33), triplet=dict(type='TripletLoss', margin=0.3, weight=0.33))
BRANCH = dict(losses=LOSSES)
PERSONS: dict[str, Any] = dict(
    type='ICPLReID',
    num_classes=171,
    template='A photo of a {learned} person.',
    backbone=dict(type='AdapterCLIPVisual', **CLIP_B16, towers='separate'),
    text=dict(type='CLIPText', model_name=CLIP_B16['model_name'], pretrained=None),
    branches={f'{name}{kind}': BRANCH for name in MODALITIES for kind in ('', '_joint')},
)
MSVR310: dict[str, Any] = dict(
    PERSONS,
    num_classes=155,
    template='A photo of a {learned} vehicle.',
    backbone=dict(PERSONS['backbone'], image_size=(128, 256), towers='shared', scale=0.5),
    branches=dict(each=BRANCH, each_joint=BRANCH),
)


def last_text_tower(key: str) -> str:
    """Their three text towers are one, and model3's keys decide."""
    return key.replace('model1.text', 'model3.text').replace('model2.text', 'model3.text')


def load_text_tower(model: ICPLReID) -> None:
    """The map drops the frozen text tower, which is CLIP's in their checkpoints; in the fixture it is not."""
    keys = [entry for entry in read_keys(FIXTURES / 'icpl' / 'keys.json') if entry[0].startswith('model3.text_encoder')]
    state = {key.removeprefix('model3.text_encoder.'): value for key, value in fill_state(keys).items()}
    state = {key.replace('transformer.resblocks', 'blocks'): value for key, value in state.items()}
    state = {key: value for key, value in state.items() if 'MLP_Adapter' not in key}
    missing, unexpected = model.text.tower.load_state_dict(state, strict=False)
    assert missing == ['token_embedding.weight'] and not unexpected


@pytest.fixture(scope='module')
def model() -> ICPLReID:
    return fixture_model('icpl', PERSONS, tied=last_text_tower)


@torch.no_grad()
@pytest.mark.real_size
def test_features_logits_and_slices(model: ICPLReID) -> None:
    outputs = read_outputs(FIXTURES / 'icpl' / 'outputs.npz')
    images, batch = ripples(2, 256, 128), TripletBatch()
    features = model.extract(images, batch)
    found = {'feature': model.test_feature(features)}
    for branch in model.branches.values():
        branch.test = 'after'
    found['feature_bn'] = model.test_feature(features)
    for m, name in enumerate(MODALITIES):
        found[f'train_branch{m}_feature0'] = features['before'][:, m]
        for number, feature in enumerate((name, f'{name}_joint')):
            found[f'train_branch{m}_score{number}'] = model.branches[feature].views(features[feature])['logits']
            found[f'train_branch{m}_feature{number + 1}'] = features[feature]
    found['prototype_features_without_adapter'] = model.backbone(images, adapted=False).classes
    slices: dict[str, list[Tensor]] = {'mid_block0': [], 'mid_x11': [], 'mid_x12': []}
    for m in range(3):
        tower = model.backbone.tower_of(m)
        x = tower.ln_pre(model.backbone.embed(images[:, m], None, tower))
        for depth, (block, adapter) in enumerate(zip(tower.transformer.resblocks, model.backbone.adapters_of(m))):
            x = model.backbone.run_adapted(block, adapter, x)
            if depth in (0, 10, 11):
                part = tower.ln_post(x) if depth == 11 else x
                slices[('mid_block0', 'mid_x11', 'mid_x12')[(0, 10, 11).index(depth)]].append(part)
    found |= {key: torch.stack(parts, dim=1)[:, :, [0, 1, 64, 128], :32] for key, parts in slices.items()}
    load_text_tower(model)
    texts = model.encode_identities(torch.tensor([0, 1, 170]))[0]
    found['text_features'] = torch.stack(list(texts.values())).transpose(0, 1)
    found['token_prefix_slice'] = model.prompts['rgb'].prefix[..., :8]
    assert_close('icpl', found, outputs)


@pytest.mark.real_size
def test_parameters(model: ICPLReID) -> None:
    """The authors' own count."""
    assert count_trainable(model) == 45_417_984


@pytest.mark.real_size
def test_vehicle_weights_fit() -> None:
    model = fixture_model(
        'icpl', MSVR310, keys='keys_vehicle.json', variant='shared', tied=lambda key: f'model3{key[6:]}'
    )
    assert count_trainable(model) == 15_086_080
