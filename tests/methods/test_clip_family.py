"""Leaves of the systems on CLIP: complete, their models build, and the rates are those of their authors."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from mmengine.registry import OPTIMIZERS, PARAM_SCHEDULERS

from next_mm.apis import list_convertible, load_config
from next_mm.engine.param_groups import group_parameters
from next_mm.registry import MODELS
from tests.methods.toys import TEXT

ROOT = Path(__file__).parents[2]
METHODS = ('demo', 'icpl', 'idea', 'mambapro', 'promptma')
LEAVES = sorted(p.relative_to(ROOT).as_posix() for m in METHODS for p in (ROOT / 'configs' / m).glob('*.py'))
PUBLISHED = 5 + 5 + 3 + 5 + 3


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_there_is_a_leaf_for_each_published_figure() -> None:
    plain = [leaf for leaf in LEAVES if not leaf.endswith(('_authors.py', '_synthetic.py'))]
    assert len(plain) == PUBLISHED and {f'configs/{m}/{m}_synthetic.py' for m in METHODS} <= set(LEAVES)
    assert set(METHODS) <= set(list_convertible())


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_is_complete_and_its_model_builds(leaf: str) -> None:
    text = (ROOT / leaf).read_text()
    assert text.startswith('# ') and 'Needs' in text and f'python tools/train.py {leaf}' in text
    cfg = load_config(leaf)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        size = next(step['size'] for step in loader.dataset.pipeline if step['type'] == 'ResizeTriplet')
        assert tuple(size) == tuple(cfg.model.backbone.image_size)
    per_modality = [bool(step.get('per_modality')) for step in cfg.train_dataloader.dataset.pipeline]
    assert any(per_modality) == leaf.endswith('_authors.py')
    cfg.model.backbone.update(TEXT, type=cfg.model.backbone.type)
    if 'num_prompted' in cfg.model.backbone:
        cfg.model.backbone.num_prompted = 1
    if cfg.model.get('text'):
        cfg.model.text.update(TEXT)
    model = MODELS.build(cfg.model)
    groups = group_parameters(model, cfg.optim_wrapper.optimizer.lr, **cfg.optim_wrapper.get('paramwise_cfg', {}))
    assert sum(len(group['params']) for group in groups) == sum(p.requires_grad for p in model.parameters())


def draw_noise(epoch: int) -> float:
    """The first of the normal numbers of an epoch's seed that is below 0.67."""
    generator = torch.Generator().manual_seed(42 + epoch)
    noise = 1.0
    while abs(noise) >= 0.67:
        noise = float(torch.randn(1, generator=generator))
    return noise


@pytest.mark.parametrize(
    ('leaf', 'start', 'warmup', 'epochs', 'noisy'),
    [
        ('demo/demo_rgbnt201', 3.5e-5, 10, 50, True),
        ('demo/demo_rgbnt100', 3.5e-5, 5, 30, True),
        ('idea/idea_msvr310', 3.5e-5, 10, 50, True),
        ('mambapro/mambapro_rgbnt201', 3.5e-6, 10, 60, False),
    ],
)
@pytest.mark.parametrize('rate', [5e-6, 3.5e-4])
def test_the_authors_schedule(leaf: str, start: float, warmup: int, epochs: int, noisy: bool, rate: float) -> None:
    """For a group of any rate: a warm-up from one start for all groups, then a cosine that began with epoch one."""
    cfg = load_config(f'configs/{leaf}_authors.py')
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS.build(dict(cfg.optim_wrapper.optimizer, params=[dict(params=[parameter], lr=rate)]))
    scheduler = PARAM_SCHEDULERS.build(dict(cfg.param_scheduler), default_args=dict(optimizer=optimizer))
    final = 0.001 * 3.5e-4
    for epoch in range(1, epochs + 1):
        if epoch < warmup:
            expected = start + epoch * (rate - start) / warmup
        else:
            expected = final + (rate - final) * (1 + math.cos(math.pi * epoch / epochs)) / 2
        if noisy and epoch < epochs:
            expected *= 1 + draw_noise(epoch)
        if epoch == epochs:
            expected = final
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected, rel=1e-6), epoch
        optimizer.step()
        scheduler.step()


def test_the_stepped_schedules() -> None:
    """Factor 0.1 (1 - e / 10) + e / 10 before epoch 10, a tenth at each step; epochs from 1."""
    for leaf, base, steps in (('icpl/icpl_rgbnt201', 3e-4, (30, 50)), ('promptma/promptma_rgbnt201', 2e-5, (16, 21))):
        cfg = load_config(f'configs/{leaf}.py')
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = OPTIMIZERS.build(dict(cfg.optim_wrapper.optimizer, params=[parameter]))
        schedulers = [
            PARAM_SCHEDULERS.build(dict(s), default_args=dict(optimizer=optimizer)) for s in cfg.param_scheduler
        ]
        for epoch in range(1, 51):
            factor = 0.1 * (1 - epoch / 10) + epoch / 10 if epoch < 10 else 1.0
            factor *= 0.1 ** sum(epoch >= step for step in steps)
            assert optimizer.param_groups[0]['lr'] == pytest.approx(base * factor, rel=1e-6), (leaf, epoch)
            optimizer.step()
            for scheduler in schedulers:
                scheduler.step()
