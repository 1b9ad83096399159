"""Mutated config options, one at a time: does each end in a clear line, or train?

``python -m tests.fuzz_config --count 550``. Each option goes through the command line's parser into a training of one
epoch on a few triplets, in a process of its own. The last lines count what was accepted, told in one line, ended with
a traceback (a fault of ours), or did not end.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from tests.datasets.trees import make_rgbnt201

ROOT = Path(__file__).parents[1]
CONFIG = 'configs/next_synthetic.py'
SIZE = (64, 32)
LIMIT = 180  # seconds

VALUES = (
    '-1',
    '0',
    '0.5',
    '1',
    '1.5',
    '7',
    'nan',
    'inf',
    'None',
    'True',
    'foo',
    '""',
    '[]',
    '[1,2]',
    '[a,-1,0.3]',
    '1e30',
)
"""What a random option is set to; no whole number large enough to start a thousand workers."""

CHOSEN = [
    'model.neck.semantic.dropout=2',
    'model.neck.semantic.dropout=1.0',
    'model.neck.structure.num_experts=-1',
    'model.neck.structure.num_experts=0',
    'model.neck.semantic.num_experts=1.5',
    'model.neck.semantic.hidden=0',
    'model.head.num_heads=0',
    'model.neck.semantic.fixed_threshold=nan',
    'model.backbone.image_size=foo',
    'model.data_preprocessor.std=[-1,-1,-1]',
    'model.data_preprocessor.mean=[1,2]',
    'model.branches.experts.losses.triplet.weight=-1',
    'model.branches.experts.losses.triplet.margin=-1',
    'model.branches.experts.losses.id.label_smoothing=1.0',
    'model.branches.experts.losses=foo',
    'model.branches.other.losses={}',
    'model.test_features=[]',
    'model.test_features=foo',
    'model.num_classes=0',
    'model.num_classes=2.5',
    'model.type=None',
    'model.type=5',
    'optim_wrapper.optimizer.lr=-1',
    'optim_wrapper.optimizer.lr=nan',
    'optim_wrapper.optimizer.weight_decay=-1',
    'optim_wrapper.paramwise_cfg.groups.visual.lr=-1',
    'optim_wrapper.paramwise_cfg.bias_lr_mult=nan',
    'optim_wrapper.clip_grad=5',
    'optim_wrapper.clip_grad.max_norm=-1',
    'optim_wrapper.accumulative_counts=0',
    'param_scheduler.1.end=0',
    'param_scheduler.1.end=2',
    'param_scheduler.1.eta_min=-1',
    'param_scheduler=None',
    'train_dataloader.num_workers=-1',
    'train_dataloader.persistent_workers=True',
    'train_dataloader.drop_last=True',
    'train_dataloader.sampler.shuffle=no',
    'train_dataloader.batch_sampler.num_instances=1',
    'train_dataloader.dataset.data_root=5',
    'train_dataloader.dataset.type=None',
    'val_dataloader.batch_size=0',
    'val_evaluator.rerank.k1=None',
    'val_evaluator.rerank.k1=1.5',
    'val_evaluator.topk=(1,1)',
    'val_evaluator.topk=foo',
    'default_hooks.logger.interval=0',
    'default_hooks.checkpoint.rule=foo',
    'default_hooks.checkpoint.interval=0',
    'default_hooks.checkpoint.save_best=foo',
    'default_hooks.checkpoint.max_keep_ckpts=0',
    'randomness.seed=-1',
    'randomness.seed=foo',
    'log_level=FOO',
    'load_ignore=5',
    'load_from=foo',
    'auto_scale_lr.base_batch_size=0',
    'auto_scale_lr.enable=True',
    'train_cfg.val_begin=100',
    'train_cfg.val_interval=0',
    'train_cfg.max_epochs=0',
    'train_cfg.max_epochs=1.5',
    'custom_hooks=5',
    'visualizer.vis_backends=foo',
    'env_cfg.mp_cfg.mp_start_method=foo',
    'work_dir=/dev/null/x',
    'find_unused_parameters=foo',
]
"""Senseless values and wrong types that once trained, or ended with a traceback."""


class Outcome(NamedTuple):
    """How a training with one option ended: ``accepted``, ``told``, ``traceback`` or ``hang``, and its last line."""

    kind: str
    line: str


def small_options(folder: Path) -> dict[str, Any]:
    """Options that make the config train on a few triplets in a second; writes the triplets."""
    make_rgbnt201(folder / 'data', size=SIZE)
    clip = str(ROOT / 'tests' / 'data' / 'tiny-clip-quickgelu.json')
    hooks = [hook['type'] for hook in Config.fromfile(ROOT / CONFIG).custom_hooks]
    return {
        'prepare': None,
        f'custom_hooks.{hooks.index("RankListHook")}.num_queries': 1,
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 1,
        'param_scheduler.0.end': 1,
        'train_dataloader.batch_size': 8,
        'default_hooks.logger.interval': 1,
        'model.backbone.model_name': clip,
        'model.backbone.pretrained': None,
        'model.text.model_name': clip,
        'model.text.pretrained': None,
        'model.num_classes': 3,
        'model.head.num_heads': 4,
        **{f'{loader}_dataloader.dataset.data_root': str(folder / 'data') for loader in ('train', 'val', 'test')},
    }


def leaves(place: str, node: Any) -> Iterator[str]:
    """Yield the dotted places of a config, dictionaries and lists among them."""
    if place:
        yield place
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, inner in items:
        if not str(key).startswith('_'):
            yield from leaves(f'{place}.{key}' if place else str(key), inner)


def draw(places: list[str], count: int, seed: int) -> list[str]:
    """The chosen options, then random ones up to ``count``."""
    generator = random.Random(seed)
    pool = [f'{place}={value}' for place in places for value in VALUES]
    others = [option for option in pool if option not in CHOSEN]
    return [*CHOSEN, *generator.sample(others, max(0, count - len(CHOSEN)))][:count]


def try_option(option: str, options: dict[str, Any], work_dir: Path) -> Outcome:
    """Train with one option in a forked process."""
    log = work_dir.with_suffix('.log')
    child = os.fork()
    if child == 0:
        try:
            _run(option, options, work_dir, log)
        finally:  # whatever came, the child must not go on as the parent
            traceback.print_exception(*sys.exc_info())
            sys.stderr.flush()
            os._exit(3)
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return Outcome('hang', '')
    lines = log.read_text(errors='replace').strip().splitlines() or ['']
    return Outcome({0: 'accepted', 1: 'told'}.get(os.waitstatus_to_exitcode(status), 'traceback'), lines[-1])


def _run(option: str, options: dict[str, Any], work_dir: Path, log: Path) -> None:
    """Train as the command line does; the process ends here."""
    os.setpgid(0, 0)
    file = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    from next_mm import apis
    from next_mm.utils.command_line import ConfigOptions, command_line

    @command_line
    def main() -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions)
        mutated = parser.parse_args(['--cfg-options', option]).cfg_options
        apis.train(
            apis.load_config(CONFIG, {**options, **mutated}, work_dir=None if 'work_dir' in mutated else work_dir)
        )

    try:
        main()
    except SystemExit as ended:
        sys.stdout.flush()
        if isinstance(ended.code, str):
            sys.stderr.write(f'{ended.code}\n')
        sys.stderr.flush()
        os._exit(1 if ended.code else 0)
    os._exit(0)


def main() -> None:
    """Try them and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=550)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--skip', type=int, default=0, help='options of the list to leave out at its beginning')
    parser.add_argument('--take', type=int, help='options to try behind those (default: all)')
    parser.add_argument('--again', type=Path, help='an earlier --out: try what was not told there')
    parser.add_argument('--out', help='JSON file for every outcome')
    args = parser.parse_args()
    os.chdir(ROOT)
    os.environ['OMP_NUM_THREADS'] = '1'
    import torch

    from next_mm import apis

    torch.set_num_threads(1)
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = small_options(folder)
        places = list(leaves('', apis.load_config(CONFIG, options).to_dict()))
        apis.train(
            apis.load_config(CONFIG, options, work_dir=folder / 'sound')
        )  # what it imports, no child need import
        gc.freeze()
        chosen = draw(places, args.count, args.seed)[args.skip :][: args.take]
        if args.again:
            before = json.loads(args.again.read_text())
            chosen = [option for option, outcome in before.items() if outcome['kind'] != 'told']
        for number, option in enumerate(chosen):
            start = time.monotonic()
            outcomes[option] = outcome = try_option(option, options, folder / f'run{number}')
            took = time.monotonic() - start
            print(f'{outcome.kind:9} {took:4.1f} s  {option}  {outcome.line[:200]}', flush=True)
    print(dict(Counter(outcome.kind for outcome in outcomes.values())))
    if args.out:
        Path(args.out).write_text(
            json.dumps({option: outcome._asdict() for option, outcome in outcomes.items()}, indent=1)
        )


if __name__ == '__main__':
    main()
