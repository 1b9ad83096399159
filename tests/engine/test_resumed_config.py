"""A resumed run says in one warning what its config changes, and what of it counts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from next_mm.apis import build_runner, resume_from, train
from next_mm.engine import CheckpointError, read_checkpoint
from next_mm.engine.resumed_config import changed_settings, read_config_text
from tests.messages import collect_messages
from tests.toys import toy_config


def resumed(folder: Path, **changes: Any) -> tuple[Any, list[str]]:
    """The Runner that went on, and its warnings about the config."""
    cfg = toy_config(folder, **changes)
    resume_from(cfg)
    runner = build_runner(cfg)
    with collect_messages(logging.WARNING) as messages:
        runner.train()
    return runner, [message for message in messages if 'The config differs' in message]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two epochs of three."""
    train(toy_config(tmp_path, train_cfg__max_epochs=2))
    return tmp_path


def test_what_differs_and_what_counts(folder: Path) -> None:
    runner, messages = resumed(
        folder,
        optim_wrapper__optimizer__lr=0.5,
        optim_wrapper__paramwise_cfg__groups__backbone__lr=0.25,
        train_dataloader__batch_size=8,
    )
    (message,) = messages
    assert message.splitlines() == [
        f'The config differs from that of {folder}/epoch_2.pth.',
        'Kept from the checkpoint, whatever the config says now:',
        '  optim_wrapper.optimizer.lr: 0.01 (the config says 0.5)',
        '  optim_wrapper.paramwise_cfg.groups.backbone.lr: 0.001 (the config says 0.25)',
        'As the config says now:',
        '  train_cfg.max_epochs: 3 (it was 2)',
        '  train_dataloader.batch_size: 8 (it was 4)',
    ]
    assert {group['initial_lr'] for group in runner.optim_wrapper.param_groups} == {0.01, 0.001}


@pytest.mark.parametrize(
    'changes',
    [
        dict(param_scheduler__0__start_factor=0.9),
        dict(randomness__seed=4),
        dict(auto_scale_lr=dict(enable=False, base_batch_size=4)),
    ],
)
def test_schedule_seed_and_scaling_are_the_checkpoints(folder: Path, changes: dict) -> None:
    runner, messages = resumed(folder, train_cfg__max_epochs=2, **changes)
    assert (
        len(messages) == 1 and 'Kept from the checkpoint' in messages[0] and 'As the config says now' not in messages[0]
    )
    assert runner.seed == 3
    assert runner.param_schedulers[0].start_factor == 0.1


def test_silence_where_nothing_differs(folder: Path, tmp_path: Path) -> None:
    assert resumed(folder, train_cfg__max_epochs=2, _helper=1, launcher='none')[1] == []


def test_another_optimizer_is_refused(folder: Path) -> None:
    with pytest.raises(
        CheckpointError,
        match=r"epoch_2.pth: trained with optimizer 'Adam', but optim_wrapper.optimizer.type is 'SGD', which",
    ):
        resumed(folder, optim_wrapper__optimizer__type='SGD')


def test_other_parameter_groups_are_refused(folder: Path) -> None:
    with pytest.raises(
        CheckpointError, match='epoch_2.pth: its optimizer had other parameter groups .*different number'
    ):
        resumed(folder, optim_wrapper__constructor='DefaultOptimWrapperConstructor', optim_wrapper__paramwise_cfg=None)


def test_a_checkpoint_without_a_config_is_resumed(folder: Path) -> None:
    checkpoint = read_checkpoint(folder / 'epoch_2.pth')
    del checkpoint['meta']['cfg']
    torch.save(checkpoint, folder / 'epoch_2.pth')
    assert resumed(folder)[1] == []


def test_the_text_is_read_and_never_run(tmp_path: Path) -> None:
    cfg = dict(
        a=1, b=[1.5, -2, None, True], c=dict(d=(1, 'x'), e={'not a name': 3, 'f': []}), g='it\'s "so"', h=float('inf')
    )
    text = Config(cfg).pretty_text
    assert read_config_text(text) == {**cfg, 'h': 'inf'}
    marker = tmp_path / 'made'
    found = read_config_text(f'import os\na = open({str(marker)!r}, "w")\nos.system("touch {marker}")\nb = 1\n')
    assert not marker.exists()
    assert found['b'] == 1 and found['a'].startswith('open(')
    assert read_config_text('a = (') is None


def test_places_are_those_of_the_options() -> None:
    before = dict(
        hooks=[dict(type='A', x=1), dict(type='B')], gone=1, size=(1, 2), _helper=1, work_dir='a', same=[dict(x=[1])]
    )
    now = dict(hooks=[dict(type='A', x=2)], new=dict(y=1), size=[1, 2], _helper=2, work_dir='b', same=[dict(x=[1])])
    assert changed_settings(before, now) == {
        'gone': ('1', 'absent'),
        'hooks.0.x': ('1', '2'),
        'hooks.1.type': ("'B'", 'absent'),
        'new.y': ('absent', '1'),
    }
