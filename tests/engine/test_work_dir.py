"""What happens to the files of a work directory: kills, moves, second runs, tests, flipped bits."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_leaves

from next_mm.apis import build_runner, load_config, resume_from, train
from next_mm.apis import test as run_test
from next_mm.engine import CheckpointError, TripletRunner, latest_checkpoint, read_checkpoint
from next_mm.errors import UserError
from next_mm.utils.weights import read_weights
from tests.messages import collect_messages
from tests.toys import toy_config


def history(work_dir: Path) -> list[dict]:
    return json.loads((work_dir / 'metrics.json').read_text())


def weights(work_dir: Path, name: str = 'epoch_3.pth') -> dict[str, torch.Tensor]:
    return read_checkpoint(work_dir / name)['state_dict']


def assert_same(one: Path, other: Path) -> None:
    assert history(one) == history(other)
    assert all(torch.equal(value, weights(other)[key]) for key, value in weights(one).items())


def resumed(work_dir: Path, checkpoint: str | Path = 'auto', **changes: Any) -> TripletRunner:
    cfg = toy_config(work_dir, **changes)
    resume_from(cfg, checkpoint)
    return train(cfg)


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three epochs without a stop."""
    folder = tmp_path_factory.mktemp('whole')
    train(toy_config(folder))
    return folder


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two epochs of three."""
    train(toy_config(tmp_path / 'two', train_cfg__max_epochs=2))
    return tmp_path / 'two'


@pytest.mark.parametrize(
    ('keep', 'epoch', 'place'), [(1, 2, 'write'), (1, 3, 'replace'), (2, 2, 'replace'), (2, 3, 'write')]
)
def test_a_kill_while_a_checkpoint_is_written_leaves_one_to_go_on_from(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: int, epoch: int, place: str
) -> None:
    options = dict(default_hooks__checkpoint__max_keep_ckpts=keep)
    save, replace = TripletRunner.save_checkpoint, os.replace

    def killed(self: TripletRunner, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        if filename == f'epoch_{epoch}.pth':
            (Path(out_dir) / f'{filename}.part').write_bytes(b'half')
            raise KeyboardInterrupt
        save(self, out_dir, filename, *args, **kwargs)

    def killed_moving(source: str, target: str) -> None:
        if str(target).endswith(f'/epoch_{epoch}.pth'):
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        if place == 'write':
            patch.setattr(TripletRunner, 'save_checkpoint', killed)
        else:
            patch.setattr(os, 'replace', killed_moving)
        with pytest.raises(KeyboardInterrupt):
            train(toy_config(tmp_path, **options))
    assert list(tmp_path.glob('*.pth.part'))
    resumed(tmp_path, **options)
    assert_same(tmp_path, whole)
    assert not list(tmp_path.glob('*.part'))
    assert len(list(tmp_path.glob('epoch_*.pth'))) == keep


def test_without_its_note_a_run_goes_on_from_the_newest_checkpoint(whole: Path, two: Path) -> None:
    (two / 'last_checkpoint').unlink()
    assert latest_checkpoint(two) == str(two / 'epoch_2.pth')
    resumed(two)
    assert_same(two, whole)


@pytest.mark.parametrize('note', [b'', b'\xff\xfe\x00', b'/gone/epoch_9.pth\n'])
def test_a_broken_note_is_no_obstacle(two: Path, note: bytes) -> None:
    (two / 'last_checkpoint').write_bytes(note)
    assert latest_checkpoint(two) == str(two / 'epoch_2.pth')


def test_epochs_are_ordered_by_number(tmp_path: Path) -> None:
    for epoch in (9, 10):
        (tmp_path / f'epoch_{epoch}.pth').touch()
    (tmp_path / 'best_reid_mAP_epoch_11.pth').touch()
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_10.pth')


def test_only_a_best_checkpoint_is_none_to_resume_from(tmp_path: Path) -> None:
    (tmp_path / 'best_reid_mAP_epoch_2.pth').touch()
    with pytest.raises(CheckpointError, match='holds best_reid_mAP_epoch_2.pth, and no epoch_.*another work directory'):
        latest_checkpoint(tmp_path)


def test_a_checkpoint_without_its_optimizer_is_refused(two: Path) -> None:
    best = next(two.glob('best_*.pth'))
    with pytest.raises(CheckpointError, match='no optimizer, param_schedulers in it.*epoch_.*load_from'):
        resumed(two, best)
    torch.save({'state_dict': weights(two, 'epoch_2.pth')}, two / 'plain.pth')
    with pytest.raises(CheckpointError, match=r'no optimizer, message_hub, param_schedulers, meta.epoch, meta.iter'):
        resumed(two, two / 'plain.pth')


def test_metrics_that_are_not_whole_are_put_aside(two: Path) -> None:
    (two / 'metrics.json').write_text('[{"epoch": 1,')
    resumed(two)
    assert [entry['epoch'] for entry in history(two)] == [2, 3]
    assert (two / 'metrics.json.broken').is_file()


@pytest.mark.parametrize(
    'text', ['{}', 'null', '[7]', '[{"epoch": 1}]', '[{"epoch": 1, "reid/mAP": null}, "x"]', '\xff']
)
def test_whatever_metrics_a_work_dir_holds_a_run_goes_on(two: Path, text: str) -> None:
    (two / 'metrics.json').write_bytes(text.encode('latin-1'))
    resumed(two)
    assert [entry['epoch'] for entry in history(two)] == [2, 3]


def test_another_seed_in_the_config_changes_nothing(whole: Path, two: Path) -> None:
    """The order of the samples is drawn from the checkpoint's seed, as dropout is."""
    runner = resumed(two, randomness__seed=4)
    assert runner.train_dataloader.sampler.seed == runner.seed == 3
    assert_same(two, whole)


def test_a_moved_work_directory_replaces_its_own_best_checkpoint(two: Path, tmp_path: Path) -> None:
    moved = tmp_path / 'moved'
    shutil.copytree(two, moved)
    before = {path.name: path.read_bytes() for path in two.glob('*.pth')}
    resumed(moved)
    assert len(list(moved.glob('best_*.pth'))) == 1
    assert {path.name: path.read_bytes() for path in two.glob('*.pth')} == before  # the first one is left alone


def test_a_second_training_in_a_work_directory_is_refused(tmp_path: Path) -> None:
    hold = (
        'import fcntl, sys; file = open(sys.argv[1], "w"); fcntl.lockf(file, fcntl.LOCK_EX); '
        'file.write("process 7 on there"); file.flush(); print("held", flush=True); sys.stdin.read()'
    )
    command = [sys.executable, '-c', hold, str(tmp_path / '.training.lock')]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == 'held\n'
        with pytest.raises(
            UserError, match=r'another training is running there \(process 7 on there\); give each its own'
        ):
            train(toy_config(tmp_path))
        assert not list(tmp_path.glob('*.pth'))
        run_test(toy_config(tmp_path), None)  # a test is no training
        other.kill()
    train(toy_config(tmp_path, train_cfg__max_epochs=1))  # the lock of a killed process holds nobody up


def values(checkpoint: dict) -> list:
    """Everything in a checkpoint that a run goes on from."""
    kept = {key: checkpoint[key] for key in ('state_dict', 'optimizer', 'param_schedulers', 'meta')}
    return [leaf.tolist() if isinstance(leaf, torch.Tensor) else leaf for leaf in tree_leaves(kept)]


def messages_of(run: Any) -> list[str]:
    with collect_messages(logging.WARNING) as messages:
        run()
    return messages


def test_checkpoints_of_another_training_are_told(two: Path) -> None:
    runner = build_runner(toy_config(two, train_cfg__max_epochs=1))
    told = messages_of(runner.train)
    assert any(f'{two} holds checkpoints of another training (epoch_1.pth, epoch_2.pth)' in message for message in told)


def test_a_test_leaves_the_config_of_the_training(two: Path, tmp_path: Path) -> None:
    leaf = tmp_path / 'leaf.py'
    toy_config(two).dump(leaf)
    train(load_config(leaf, {'train_cfg.max_epochs': 1}, work_dir=tmp_path / 'run'))
    kept = (tmp_path / 'run' / 'leaf.py').read_text()
    run_test(
        load_config(leaf, {'val_dataloader.batch_size': 3}, work_dir=tmp_path / 'run'), tmp_path / 'run/epoch_1.pth'
    )
    assert (tmp_path / 'run' / 'leaf.py').read_text() == kept
    run_test(load_config(leaf, work_dir=tmp_path / 'other'), tmp_path / 'run/epoch_1.pth')
    assert (tmp_path / 'other' / 'leaf.py').is_file()


def test_a_flipped_bit_in_a_checkpoint_is_refused(two: Path, tmp_path: Path) -> None:
    data = (two / 'epoch_2.pth').read_bytes()
    good = read_checkpoint(two / 'epoch_2.pth')
    draw = random.Random(0)
    silent = 0
    for _ in range(100):
        place = draw.randrange(len(data))
        changed = bytearray(data)
        changed[place] ^= 1 << draw.randrange(8)
        (tmp_path / 'rot.pth').write_bytes(changed)
        try:
            read = read_checkpoint(tmp_path / 'rot.pth')
        except CheckpointError:
            continue
        silent += 1  # a bit between the records, which nothing reads
        assert values(read) == values(good)
    assert silent < 100


def test_a_flipped_bit_in_pretrained_weights_is_refused(tmp_path: Path) -> None:
    torch.save({'layer': torch.randn(64, 64)}, tmp_path / 'w.pt')
    data = bytearray((tmp_path / 'w.pt').read_bytes())
    data[len(data) // 2] ^= 0x40
    (tmp_path / 'w.pt').write_bytes(data)
    with pytest.raises(CheckpointError, match=r'w.pt: damaged, the checksum of its record .*data/0 is wrong'):
        read_weights(tmp_path / 'w.pt')
