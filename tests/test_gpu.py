"""On a GPU every method gives the numbers of the CPU, waits nowhere inside a step, and resumes bitwise equal."""

from __future__ import annotations

import copy
import dataclasses
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor

from next_mm.engine import read_checkpoint
from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.datasets.trees import make_rgbnt201
from tests.methods.toys import list_toys, make_batch
from tests.tolerances import BLOCK, rounding

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')

TOYS = dict(list_toys())
every_toy = pytest.mark.parametrize('name', [name for name, toy in TOYS.items() if toy])
TOLERANCE = rounding(kernels=4 * BLOCK, terms=256)
GPU = torch.device('cuda')

COUNT_IDENTITIES = {'functional.py': 'how many identities a batch has', 'losses.py': 'samples of each identity'}
WAITS = {
    'CCNetReID': COUNT_IDENTITIES,
    'EDITORReID': {**COUNT_IDENTITIES, 'aggregation.py': 'how many tokens the fullest sample keeps'},
    'HTTReID': COUNT_IDENTITIES,
    'ICPLReID': {
        **COUNT_IDENTITIES,
        'alignment.py': 'how often an identity moves its prototype',
        'model.py': 'which identities the batch lacks',
    },
    'IEEEReID': COUNT_IDENTITIES,
    'PFDReID': {'toy.py': 'the stand-in of the pose network'},
}
"""Files in which a method waits for a number that decides the size of a tensor, and which; all others wait nowhere."""


@pytest.fixture(autouse=True)
def _single_precision() -> Iterator[None]:
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def build(name: str) -> ReIDModel:
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(TOYS[name]))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def move(batch: TripletBatch) -> TripletBatch:
    """As the data preprocessor does: all but the captions."""
    fields = {name: getattr(batch, name) for name in ('labels', 'cameras', 'present', 'has_text')}
    moved = {name: value.to(GPU) for name, value in fields.items() if value is not None}
    return dataclasses.replace(batch, **moved, extras={name: value.to(GPU) for name, value in batch.extras.items()})


def assert_near(name: str, gpu: Tensor, cpu: Tensor) -> None:
    difference = float((gpu.cpu() - cpu).abs().max() / cpu.abs().max())
    assert difference <= TOLERANCE, f'{name}: {difference:.1e}'


@every_toy
def test_a_feature_is_the_one_of_the_cpu(name: str) -> None:
    model = build(name).eval()
    images, batch = make_batch(model, 4)
    absent = dataclasses.replace(batch, present=torch.tensor([[True, True, False]] * 4))
    with torch.no_grad():
        expected = model.feature(images, batch)
        without = model.feature(images, absent)
        model.to(GPU)
        assert_near(name, model.feature(images.to(GPU), move(batch)), expected)
        assert_near(f'{name}, TIR absent', model.feature(images.to(GPU), move(absent)), without)


@every_toy
def test_a_training_step_does_not_wait_for_the_gpu(name: str) -> None:
    model = build(name).to(GPU)
    images, batch = make_batch(model, 8)
    images, batch = images.to(GPU), move(batch)
    with torch.no_grad():
        model.before_epoch(0, lambda: iter([(images, batch)]))
    model.train()
    optimizer = torch.optim.Adam([value for value in model.parameters() if value.requires_grad], lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        loss, _ = model.parse_losses(model(images, batch, mode='loss'))
        loss.backward()
        optimizer.step()

    step()  # what is made once
    with waits() as found:
        step()
    allowed = WAITS.get(name.partition(':')[0], {})
    assert not [line for line in found if line.partition(':')[0] not in allowed], '\n'.join(found)


@contextmanager
def waits() -> Iterator[list[str]]:
    """Collect where the program waits for the GPU, as ``file:line``."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        try:
            yield found
        finally:
            torch.cuda.set_sync_debug_mode('default')
    found += [
        f'{Path(item.filename).name}:{item.lineno}' for item in caught if 'called a synchronizing' in str(item.message)
    ]


def test_a_resumed_run_is_bitwise_equal(tmp_path: Path, tiny_clip: str, repo_dir: Path) -> None:
    make_rgbnt201(tmp_path / 'data', size=(64, 32))
    options = {
        'prepare': None,
        'randomness.deterministic': True,
        'train_cfg.max_epochs': 3,
        'train_dataloader.batch_size': 8,
        'default_hooks.checkpoint.max_keep_ckpts': 3,
        'model.backbone.model_name': tiny_clip,
        'model.backbone.pretrained': None,
        'model.text.model_name': tiny_clip,
        'model.text.pretrained': None,
        'model.num_classes': 3,
        'model.head.num_heads': 4,
        **{f'{loader}_dataloader.dataset.data_root': str(tmp_path / 'data') for loader in ('train', 'val', 'test')},
    }

    def train(work_dir: Path, *more: str) -> dict[str, Tensor]:
        changes = [f'{key}={value}' for key, value in options.items()]
        command = [sys.executable, 'tools/train.py', 'configs/next_synthetic.py', '--work-dir', str(work_dir), *more]
        path = os.pathsep.join([str(repo_dir), os.environ.get('PYTHONPATH', '')])
        environment = {**os.environ, 'PYTHONPATH': path, 'CUBLAS_WORKSPACE_CONFIG': ':4096:8'}
        done = subprocess.run(
            [*command, '--cfg-options', *changes], cwd=repo_dir, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return read_checkpoint(work_dir / 'epoch_3.pth')['state_dict']

    straight = train(tmp_path / 'straight')
    resumed = train(tmp_path / 'resumed', '--resume', str(tmp_path / 'straight' / 'epoch_1.pth'))
    assert straight.keys() == resumed.keys()
    assert not [key for key, value in straight.items() if not torch.equal(value, resumed[key])]
