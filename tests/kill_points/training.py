"""Training, killed: it goes on to the very weights and metrics of a run without a stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from next_mm.apis import resume_from, train
from next_mm.engine import read_checkpoint
from tests.kill_points.job import Job, bytes_differ, leftovers
from tests.toys import toy_config

__all__ = ['training']


def training() -> Job:
    """Three epochs of a toy."""

    def work(folder: Path) -> None:
        cfg = toy_config(folder)
        resume_from(cfg)
        train(cfg)

    def left(folder: Path) -> Iterator[str]:
        for path in folder.glob('*.pth'):
            read_checkpoint(path)
        if (folder / 'metrics.json').exists():
            json.loads((folder / 'metrics.json').read_text())
        yield from ()

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        yield from bytes_differ(folder, whole, 'metrics.json')
        ours, theirs = (read_checkpoint(top / 'epoch_3.pth')['state_dict'] for top in (folder, whole))
        yield from (f'other weights: {name}' for name in ours if not ours[name].equal(theirs[name]))
        kept, expected = (sorted(path.name for path in top.glob('*.pth')) for top in (folder, whole))
        if kept != expected:
            yield f'checkpoints {kept}, expected {expected}'

    return Job(work, left, done)
