"""Parameter groups, schedules over them, and mixed precision."""

from pathlib import Path

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR
from torch import nn

from next_mm.apis import build_runner
from next_mm.engine import AutocastOptimWrapper, ReIDOptimWrapperConstructor, group_parameters
from next_mm.errors import ConfigError
from tests.tolerances import assert_equal_up_to_rounding
from tests.toys import ToyReID, toy_config


def _names(model: nn.Module, groups: list[dict]) -> dict[str, set[str]]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {group['name']: {names[id(parameter)] for parameter in group['params']} for group in groups}


def test_every_trainable_parameter_is_in_one_group_and_no_frozen_one() -> None:
    model = ToyReID()
    groups = group_parameters(model, 1e-2, groups={r'backbone\.': dict(lr=1e-4)})
    assert _names(model, groups) == {
        r'backbone\.': {'backbone.weight', 'backbone.bias'},
        'rest': {'branches.points.classifier.weight'},
    }
    assert [group['lr'] for group in groups] == [1e-4, 1e-2]


def test_the_first_rule_that_matches_counts() -> None:
    model = ToyReID()
    model.backbone.camera_embedding = nn.Linear(1, 2, bias=False)
    camera, tower = r'backbone\.camera_embedding\.', r'backbone\.'
    groups = group_parameters(model, 1.0, groups={camera: {}, tower: dict(lr=0.5)})
    assert _names(model, groups)[camera] == {'backbone.camera_embedding.weight'}
    assert {group['name']: group['lr'] for group in groups} == {camera: 1.0, tower: 0.5, 'rest': 1.0}
    with pytest.raises(ConfigError, match='matches no trainable parameter of ToyReID that an earlier rule left'):
        group_parameters(model, 1.0, groups={tower: {}, camera: {}})


def test_options_of_a_rule() -> None:
    rules = dict(tower=dict(match='backbone', lr_mult=0.1, weight_decay=0.0, bias_lr_mult=3.0))
    model = ToyReID()
    groups = {group['name']: group for group in group_parameters(model, 2.0, groups=rules, bias_lr_mult=2.0)}
    assert set(groups) == {'tower', 'tower bias', 'rest'}  # there is no bias in the rest
    assert [groups[name]['lr'] for name in groups] == pytest.approx([0.2, 0.6, 2.0])
    assert [groups[name].get('weight_decay') for name in groups] == [0.0, 0.0, None]
    assert _names(model, list(groups.values()))['tower bias'] == {'backbone.bias'}


def test_biases_of_every_group_at_twice_the_rate() -> None:
    groups = group_parameters(ToyReID(), 1.0, bias_lr_mult=2.0)
    assert {group['name']: group['lr'] for group in groups} == {'rest': 1.0, 'rest bias': 2.0}
    groups = group_parameters(ToyReID(), 1.0, groups={'backbone': dict(lr=0.5, bias_lr_mult=1.0)}, bias_lr_mult=2.0)
    assert {group['name']: group['lr'] for group in groups} == {'backbone': 0.5, 'rest': 1.0}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(visual_lr=1), "paramwise_cfg: unknown key 'visual_lr'; known are bias_lr_mult, groups"),
        (
            dict(groups={'head': dict(lr=1)}),
            "groups: 'head' matches no .*; their names begin with branches., backbone.",
        ),
        (dict(groups={'backbone': dict(l=1)}), "groups.backbone: unknown key 'l'.*; did you mean 'lr'"),
        (dict(groups={'backbone': dict(lr=-1)}), 'groups.backbone.lr=-1: expected a number from 0'),
        (dict(groups={'backbone': 0.1}), 'groups.backbone: expected a dictionary with any of match, lr, .* got 0.1'),
        (dict(groups={'back(': dict(lr=1)}), r"groups.back\(: 'back\(' is no regular expression"),
        (dict(groups={'rest': dict(lr=1)}), 'groups.rest: the rest is what no rule matches'),
        (dict(bias_lr_mult=float('nan')), 'bias_lr_mult=nan: expected a number from 0'),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ReIDOptimWrapperConstructor(dict(optimizer=dict(type='Adam', lr=1)), options)(ToyReID())


def test_a_frozen_model_and_an_optimizer_without_a_rate_are_errors() -> None:
    with pytest.raises(ConfigError, match='ToyReID has no trainable parameter'):
        group_parameters(ToyReID().requires_grad_(False), 1e-2)
    with pytest.raises(ConfigError, match='expected a learning rate'):
        ReIDOptimWrapperConstructor(dict(optimizer=dict(type='Adam')))


def test_warmup_and_cosine_scale_each_group_by_its_own_rate() -> None:
    wrapper = ReIDOptimWrapperConstructor(
        dict(optimizer=dict(type='Adam', lr=1.0, weight_decay=1e-4)), dict(groups=dict(backbone=dict(lr=0.01)))
    )(ToyReID())
    warmup = LinearLR(wrapper, start_factor=0.1, begin=0, end=10)
    cosine = CosineAnnealingLR(wrapper, eta_min=0.0, begin=10, end=50)
    rates = []
    for _ in range(50):
        rates.append([group['lr'] for group in wrapper.optimizer.param_groups])
        wrapper.step()
        warmup.step()
        cosine.step()
    visual, rest = torch.tensor(rates).T
    assert torch.allclose(visual, rest * 0.01, rtol=1e-6)
    assert rest[0] == pytest.approx(0.1)
    assert rest.argmax() == 9 or rest.argmax() == 10
    assert rest.max() == pytest.approx(1.0)
    assert rest[30] == pytest.approx(0.5, abs=0.05)
    assert 0 <= rest[-1] < 0.01
    assert all(group['weight_decay'] == 1e-4 for group in wrapper.optimizer.param_groups)


def test_bf16_autocast_on_the_cpu_trains() -> None:
    wrapper = ReIDOptimWrapperConstructor(dict(type='AutocastOptimWrapper', optimizer=dict(type='SGD', lr=0.1)))(
        ToyReID()
    )
    layer = nn.Linear(4, 4)
    with wrapper.optim_context(layer):
        assert layer(torch.ones(2, 4)).dtype == torch.bfloat16
    assert layer(torch.ones(2, 4)).dtype == torch.float32


def test_autocast_state_goes_to_and_from_a_run_without() -> None:
    def wrapper(kind: str) -> AutocastOptimWrapper:
        return ReIDOptimWrapperConstructor(dict(type=kind, optimizer=dict(type='SGD', lr=0.1)))(ToyReID())

    wrapper('AutocastOptimWrapper').load_state_dict(wrapper('OptimWrapper').state_dict())
    state = wrapper('AutocastOptimWrapper').state_dict()
    wrapper('AutocastOptimWrapper').load_state_dict(state)
    assert 'loss_scaler' in state


@pytest.mark.parametrize(
    ('dtype', 'message'), [('half', "expected dtype bf16 or fp16, got 'half'"), ('fp16', 'needs a GPU')]
)
def test_autocast_refuses(dtype: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('next_mm.engine.amp.get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match=message):
        AutocastOptimWrapper(dtype=dtype, optimizer=torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1))


def test_accumulating_two_batches_equals_one_of_twice_the_size(tmp_path: Path) -> None:
    def weights(**changes: object) -> torch.Tensor:
        changes = {'model__dropout': 0.0, 'param_scheduler': None, 'optim_wrapper__optimizer__type': 'SGD', **changes}
        cfg = toy_config(tmp_path / str(len(list(tmp_path.iterdir()))), train_cfg__max_epochs=2, **changes)
        cfg.train_dataloader.sampler.shuffle = False
        runner = build_runner(cfg)
        runner.train()
        return runner.model.backbone.weight.detach()

    whole = weights(train_dataloader__batch_size=8)
    halves = weights(train_dataloader__batch_size=4, optim_wrapper__accumulative_counts=2)
    assert_equal_up_to_rounding(whole, halves, kernels=60, terms=16)  # a few kernels a step, a dozen steps
    assert not torch.allclose(whole, weights(train_dataloader__batch_size=4), atol=1e-7)


def test_auto_scale_lr_scales_every_group(tmp_path: Path) -> None:
    runner = build_runner(
        toy_config(tmp_path, auto_scale_lr__enable=True, auto_scale_lr__base_batch_size=2, param_scheduler=None)
    )
    runner.train()
    assert [group['lr'] for group in runner.optim_wrapper.optimizer.param_groups] == pytest.approx([0.002, 0.02])


def test_an_update_that_overflowed_under_loss_scaling_is_skipped() -> None:
    layer = nn.Linear(2, 1, bias=False)
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(layer.parameters(), lr=0.5), clip_grad=dict(max_norm=1e6))
    wrapper.scaler = torch.amp.GradScaler('cpu', init_scale=1024.0)  # the GPU's scaler with fp16, run on the CPU
    before = layer.weight.detach().clone()
    wrapper.update_params(layer(torch.tensor([[3.0, 4.0]])).sum())
    assert torch.allclose(
        layer.weight, before - 0.5 * torch.tensor([[3.0, 4.0]])
    )  # the scale is gone from the gradient
    kept = layer.weight.detach().clone()
    wrapper.update_params(layer(torch.tensor([[torch.inf, 1.0]])).sum())
    assert torch.equal(layer.weight, kept)
    assert wrapper.scaler.get_scale() == 512.0
    assert wrapper.state_dict()['loss_scaler']['scale'] == 512.0
