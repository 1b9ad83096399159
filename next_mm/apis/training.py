"""From a checked config to a Runner, a trained model, and metrics. Everything that trains or
tests goes through here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.registry import init_default_scope
from torch import nn

from next_mm import compat
from next_mm.apis.checks.config import check_config
from next_mm.apis.checks.presence import check_presence
from next_mm.apis.identities import fill_num_classes
from next_mm.engine import TripletRunner, latest_checkpoint, load_weights, read_checkpoint
from next_mm.engine.places import errors_with_place
from next_mm.errors import ConfigError
from next_mm.registry import MODELS, TASK_UTILS
from next_mm.utils.text import is_encodable, printable

__all__ = ['build_model', 'build_runner', 'prepare', 'resume_from', 'test', 'train']

_runs = itertools.count()


def prepare(cfg: Config) -> None:
    """Make the config's scope the default one, and run its ``prepare`` step, where it has one: on the first
    process, while others wait.

    Args:
        cfg: a config; ``cfg.prepare`` is the config of a callable object in ``TASK_UTILS``.
    """
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    if cfg.get('prepare') is None:
        return
    if is_main_process():
        TASK_UTILS.build(cfg.prepare)()
    barrier()


def build_runner(cfg: Config, loops: Sequence[str] = ()) -> TripletRunner:
    """Check the config, start the process group, prepare, look for the data, and build the Runner.

    Args:
        cfg: a config with ``work_dir``.
        loops: the loops that will run; their data are looked for before the model is built.

    Raises:
        ConfigError: an unknown key or type, a value that cannot be used, or ``work_dir`` is a file or not UTF-8.
        DataError: the data of ``loops`` cannot be used.
        FileNotFoundError: they are not there.
    """
    check_config(cfg)
    if not is_encodable(str(cfg.work_dir)):
        raise ConfigError(f'work_dir={printable(str(cfg.work_dir))}: expected a name in UTF-8')
    if Path(cfg.work_dir).is_file():
        raise ConfigError(f'work_dir={cfg.work_dir!r}: expected a folder, got a file')
    compat.init_distributed(cfg.get('launcher', 'none'), (cfg.get('env_cfg') or {}).get('dist_cfg') or {})
    prepare(cfg)
    cfg = deepcopy(cfg)
    with errors_with_place(cfg):
        check_presence(cfg, loops)
    fill_num_classes(cfg)
    run = next(_runs)
    if run:
        # mmengine names loggers and visualizers by experiment and second: two Runners of one second would share them.
        stem = cfg.get('experiment_name') or Path(cfg.filename or 'run').stem
        cfg.experiment_name = f'{stem}-{run}'
    with errors_with_place(cfg):
        return TripletRunner.from_cfg(cfg)


def schedule_end_note(cfg: Config) -> str | None:
    """Say that the schedule of the learning rate and the training do not end together; ``None`` where they do.

    Args:
        cfg: a config that trains by epochs; a scheduler without ``end`` is not judged.
    """
    schedulers = cfg.get('param_scheduler') or []
    schedulers = [schedulers] if isinstance(schedulers, dict) else schedulers
    ends = {
        index: scheduler.get('end') for index, scheduler in enumerate(schedulers) if scheduler.get('by_epoch', True)
    }
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    if epochs is None or not ends or None in ends.values() or max(ends.values()) == epochs:
        return None
    last = max(ends, key=ends.__getitem__)
    place = 'param_scheduler' if isinstance(cfg.param_scheduler, dict) else f'param_scheduler.{last}'
    begin = schedulers[last].get('begin', 0)
    way = (
        f'set {place}.end={epochs} too'
        if begin < epochs
        else f'give param_scheduler anew: {place} begins with epoch {begin}'
    )
    return (
        f'The schedule of the learning rate ends with epoch {ends[last]}, the training with epoch {epochs}. '
        f'If that is not meant, {way}.'
    )


def resume_from(cfg: Config, checkpoint: str | Path = 'auto') -> None:
    """Go on with a run instead of starting one.

    Args:
        cfg: changed in place.
        checkpoint: a file, or ``'auto'`` for the latest one in the work directory; with none there the run starts anew.

    Raises:
        CheckpointError: the work directory notes a checkpoint that is gone.
    """
    found = latest_checkpoint(cfg.work_dir) if str(checkpoint) == 'auto' else str(checkpoint)
    cfg.resume = found is not None
    if found is not None:
        cfg.load_from = found


def train(cfg: Config) -> TripletRunner:
    """Train, validating as the config says; best and last epoch are reported at the end.

    Returns:
        The Runner; ``runner.model`` is the trained model.
    """
    runner = build_runner(cfg, ('train', 'val'))
    note = schedule_end_note(cfg)
    if note:
        runner.logger.warning(note)
    runner.train()
    return runner


def test(cfg: Config, checkpoint: str | Path | None) -> dict[str, float]:
    """Test a checkpoint on the config's test set.

    Args:
        cfg: a config.
        checkpoint: the weights; ``None`` tests the model as it is initialised.

    Returns:
        The metrics in percent, such as ``reid/mAP``.

    Raises:
        CheckpointError: the checkpoint is not this model's.
    """
    cfg = deepcopy(cfg)
    cfg.resume = False
    cfg.load_from = str(checkpoint) if checkpoint is not None else None
    if checkpoint is not None:
        fill_num_classes(cfg, checkpoint)
    return build_runner(cfg, ('test',)).test()


def build_model(cfg: Config, checkpoint: str | Path | None = None, device: str | torch.device = 'cpu') -> nn.Module:
    """Build a model outside any Runner, in evaluation mode.

    Args:
        cfg: a config.
        checkpoint: the weights; ``None`` leaves the model as it is initialised.
        device: where the model goes.

    Raises:
        ConfigError: a value of ``cfg.model`` cannot be used.
        CheckpointError: the checkpoint is not this model's.
    """
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    cfg = deepcopy(cfg)
    fill_num_classes(cfg, checkpoint)
    with errors_with_place(cfg):
        model = MODELS.build(cfg.model)
    if checkpoint is not None:
        load_weights(model, read_checkpoint(checkpoint)['state_dict'], source=str(checkpoint))
    return model.to(device).eval()
