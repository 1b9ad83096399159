"""The whole model: modes, variants by config, gradients, invariances."""

import copy
from typing import Any

import pytest
import torch

from next_mm.methods.next import NEXTReID
from next_mm.models import IdentityBranch
from next_mm.registry import MODELS
from tests.tolerances import BLOCK, assert_equal_up_to_rounding
from tests.toys import make_samples

VARIANTS: dict[str, dict[str, Any]] = {
    'full': {},
    'table IV (b)': {'neck.semantic': None, 'neck.structure': None, 'text': None},
    'table IV (c)': {'neck.structure': None},
    'structure alone': {'neck.semantic': None, 'text': None},
    'without text': {'text': None},
    'all tokens': {'neck.semantic.sampling': 'all', 'text': None},
    'top share': {'neck.semantic.sampling': 'topk'},
    'fixed threshold': {'neck.semantic.sampling': 'fixed'},
    'routers multi, multi': {'neck.structure.router': 'multi'},
    'routers share, share': {'neck.semantic.router': 'share'},
    'one expert each': {'neck.semantic.num_experts': 1, 'neck.structure.num_experts': 1},
    'four experts each': {'neck.semantic.num_experts': 4, 'neck.structure.num_experts': 4},
    'one pass': {'backbone.batch_modalities': True},
    'camera embedding': {'backbone.num_cameras': 2},
}

WHOLE = dict(kernels=6 * BLOCK, terms=256)  # towers, experts, MGFA and head, each of at most two blocks of width 64


def variant(cfg: dict, changes: dict[str, Any]) -> dict:
    cfg = copy.deepcopy(cfg)
    for key, value in changes.items():
        *folders, leaf = key.split('.')
        node = cfg
        for folder in folders:
            node = node[folder]
        node[leaf] = value
    return cfg


def build(cfg: dict, seed: int = 0) -> NEXTReID:
    torch.manual_seed(seed)
    return MODELS.build(copy.deepcopy(cfg))


def run(model: NEXTReID, data: dict, mode: str = 'tensor') -> Any:
    return model(**model.data_preprocessor(copy.deepcopy(data)), mode=mode)


@pytest.mark.parametrize('name', VARIANTS)
def test_every_trainable_parameter_of_every_variant_learns(model_cfg: dict, name: str) -> None:
    model = build(variant(model_cfg, VARIANTS[name])).train()
    subsets = model.neck.semantic.num_experts if model.neck.semantic is not None else 3
    losses = run(model, make_samples([0, 0, 1, 1, 2, 2, 3, 3], subsets=subsets), 'loss')
    model.parse_losses(losses)[0].backward()
    assert all(loss.isfinite() for loss in losses.values())
    silent = [
        name
        for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.abs().sum() > 0)
    ]
    assert not silent


def test_predict_gives_each_sample_its_feature(model_cfg: dict) -> None:
    model = build(model_cfg).eval()
    data = make_samples([0, 1, 2], subsets=1)
    with torch.no_grad():
        samples, features = run(model, data, 'predict'), run(model, data)
        for sample in samples:  # what the feature is made of travels with it
            assert torch.equal(sample.feature_modalities, torch.arange(3).repeat_interleave(features.shape[1] // 3))
            assert sample.feature_text.tolist() == sample.has_text.tolist()
    assert features.shape == (3, 96)
    for sample, feature in zip(samples, features):
        assert torch.equal(sample.feature, feature)
    assert [sample.name for sample in samples] == ['000000.jpg', '000001.jpg', '000002.jpg']


def test_order_and_company_in_the_batch_do_not_matter(model_cfg: dict) -> None:
    model = build(model_cfg).eval()
    data = make_samples([0, 1, 2, 3], subsets=1)
    with torch.no_grad():
        together = run(model, data)
        for index in (3, 1):
            alone = {name: values[index : index + 1] for name, values in data.items()}
            assert_equal_up_to_rounding(run(model, alone)[0], together[index], **WHOLE)


def test_garbage_behind_the_caption_changes_nothing(model_cfg: dict) -> None:
    model = build(model_cfg).eval()
    data = make_samples([0, 1], subsets=1)
    garbled = copy.deepcopy(data)
    for sample in garbled['data_samples']:
        for row in sample.tokens.flatten(0, 1):
            end = int(row.argmax())
            row[end + 1 :] = 7
    with torch.no_grad():
        assert_equal_up_to_rounding(run(model, garbled), run(model, data), **WHOLE)


def test_captions_matter_and_only_with_text(model_cfg: dict) -> None:
    data = make_samples([0, 1], subsets=1)
    other = copy.deepcopy(data)
    for sample in other['data_samples']:
        sample.tokens[..., 1:3] = torch.tensor([320, 1125])
    model = build(model_cfg).eval()
    route = model.neck.semantic.modulator
    torch.nn.init.normal_(route.weight3, std=20.0)  # an untrained modulator hardly listens
    with torch.no_grad():
        assert not torch.equal(run(model, data), run(model, other))
        mute = build(variant(model_cfg, {'text': None})).eval()
        assert torch.equal(run(mute, data), run(mute, other))


def test_text_without_semantic_experts_is_refused(model_cfg: dict) -> None:
    with pytest.raises(ValueError, match='model.text is set but no semantic experts read the captions'):
        build(variant(model_cfg, {'neck.semantic': None}))


def test_samples_without_captions_are_refused_by_a_model_that_reads_them(model_cfg: dict) -> None:
    data = make_samples([0, 1])
    for sample in data['data_samples']:
        del sample.tokens
    with pytest.raises(ValueError, match='NEXTReID reads captions but its samples have none'):
        run(build(model_cfg), data)


def test_unknown_mode_and_unknown_key_are_named(model_cfg: dict) -> None:
    with pytest.raises(ValueError, match="mode='train': expected 'loss', 'predict', 'tensor' or 'adapt'"):
        run(build(model_cfg), make_samples([0, 1]), 'train')
    with pytest.raises(TypeError, match='num_expert'):
        build(variant(model_cfg, {'neck.semantic.num_expert': 4}))


def test_timm_backbone_by_one_config_entry(model_cfg: dict) -> None:
    """The captions are then projected to the backbone's width."""
    backbone = {'type': 'TimmVisual', 'model_name': 'vit_tiny_patch16_224', 'pretrained': False, 'image_size': (32, 16)}
    model = build({**model_cfg, 'backbone': backbone}).train()
    losses = run(model, make_samples([0, 0, 1, 1]), 'loss')
    model.parse_losses(losses)[0].backward()
    assert model.neck.semantic.text_proj.weight.shape == (192, 32)
    assert model.neck.semantic.text_proj.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ('row', 'changes', 'paper'),
    [
        ('b', {'neck.semantic': None, 'neck.structure': None}, 88.5),
        ('c', {'neck.structure': None}, 92.5),
        ('d', {}, 94.8),
    ],
)
def test_parameter_counts_are_the_papers(model_cfg: dict, row: str, changes: dict, paper: float) -> None:
    """Table IV, 171 identities; the frozen text tower is not counted."""
    cfg = variant(model_cfg, changes)
    head = MODELS.build({'type': 'MGFAHead', 'dim': 512})
    branch = IdentityBranch(feature_dim=3 * 512, num_classes=171, losses={})
    neck = MODELS.build({**cfg['neck'], 'dim': 512, 'text_dim': 512})
    visual = 86_140_416  # test_clip_visual.py counts it
    assert (
        round((visual + sum(p.numel() for part in (head, neck, branch) for p in part.parameters())) / 1e6, 1) == paper
    )
