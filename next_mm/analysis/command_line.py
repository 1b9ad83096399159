"""What the analysis tools share: runs named by their checkpoints, an output folder, a visualizer."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config

from next_mm.errors import UserError
from next_mm.utils.command_line import add_cfg_options

if TYPE_CHECKING:  # torch is loaded where it is used, so that --help is quick
    from mmengine.visualization import Visualizer
    from torch import nn


@dataclass
class TrainedModel:
    """A model with its label, its configuration and the checkpoint that it came from."""

    label: str
    cfg: Config
    checkpoint: Path
    model: nn.Module


def add_arguments(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """Add the arguments that all analysis tools have.

    Args:
        parser: the tool's parser.
        several: whether it compares several runs.
    """
    parser.add_argument(
        'runs',
        nargs='+' if several else 1,
        type=Path,
        metavar='RUN',
        help='checkpoint in its work directory, or a work directory (then its last checkpoint)',
    )
    parser.add_argument(
        '--config', type=Path, help='config of all runs, executed (default: that in the work directory, only read)'
    )
    if several:
        parser.add_argument('--labels', nargs='+', help='one name a run, for the picture (default: its directory)')
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/analysis'),
        help='what is made goes to a folder in here, named by the runs',
    )
    add_cfg_options(parser, 'changes to the configurations')


def load_runs(args: argparse.Namespace) -> list[TrainedModel]:
    """Load the models that the command line names.

    Raises:
        UserError: there are not as many labels as runs, or two are the same.
    """
    labels = getattr(args, 'labels', None) or [_label(run) for run in args.runs]
    if len(labels) != len(args.runs):
        raise UserError(f'--labels: expected one for each of the {len(args.runs)} runs, got {len(labels)}')
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise UserError(f'{", ".join(twice)}: more than one run goes by this name; give each its own with --labels')
    return [_load_run(label, run, args.config, args.cfg_options) for label, run in zip(labels, args.runs, strict=True)]


def _label(run: Path) -> str:
    from next_mm.analysis.run_logs import run_name  # late: it loads torch

    return run_name(run if run.is_dir() else run.parent)


def _load_run(label: str, run: Path, config: Path | None, options: dict[str, Any]) -> TrainedModel:
    from next_mm.analysis.run_logs import find_checkpoint  # late: it loads torch
    from next_mm.apis import load_config, load_model, load_run_config

    work_dir, checkpoint = (run, find_checkpoint(run)) if run.is_dir() else (run.parent, run)
    if config is not None:
        cfg = load_config(config, dict(options), work_dir=work_dir)
    else:
        cfg = load_run_config(work_dir, dict(options))
    return TrainedModel(label, cfg, checkpoint, load_model(cfg, checkpoint))


def output_folder(out_dir: Path, runs: Sequence[TrainedModel]) -> Path:
    """Return the folder for what a tool makes of these runs: a tool over other checkpoints writes elsewhere.

    Args:
        out_dir: ``--out-dir``.
        runs: the models, named by label and checkpoint.
    """
    names = [f'{run.label}-{run.checkpoint.stem}' for run in runs]
    safe = '+'.join(re.sub(r'[^\w.-]+', '_', name) for name in names)
    if len(safe.encode()) > 120:  # file systems take 255 bytes
        safe = safe[:40] + '-' + hashlib.sha256(safe.encode()).hexdigest()[:12]
    return out_dir / safe


@contextmanager
def open_visualizer(cfg: Config, out_dir: Path) -> Iterator[Visualizer]:
    """The configuration's visualizer, writing below ``out_dir``; TensorBoard is among its backends where the
    configuration says so."""
    from mmengine.visualization import Visualizer

    visualizer = Visualizer(
        name=f'analysis-{out_dir}', vis_backends=cfg.get('visualizer', {}).get('vis_backends'), save_dir=str(out_dir)
    )
    try:
        yield visualizer
    finally:
        visualizer.close()
