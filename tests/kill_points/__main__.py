"""Kill each kind of long work at seeded operations, start it again, and compare with work that was never killed.

``python -m tests.kill_points --count 42``: training, captioning, extraction, adding to a gallery and caching captions,
each on toy data in a process of its own. Half of the kills come before an operation that changes a file or a database,
half behind it. After a kill everything that lies there must be whole; after the second start the outcome must be that
of undisturbed work, with nothing left over.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.kill_points.job import ROOT, Job
from tests.kill_points.killing import Counting, draw, in_a_process

KINDS = ('training', 'captioning', 'extraction', 'gallery', 'caching')


def make_job(name: str, stack: ExitStack, folder: Path) -> Job:
    """Make a kind of work, over data below a folder; what it needs is imported here, so that others start without."""
    if name == 'training':
        from tests.kill_points.training import training

        return training()
    if name == 'gallery':
        from tests.kill_points.gallery import adding

        return adding()
    if name == 'captioning':
        from tests.kill_points.captioning import captioning, serve_captions

        return captioning(folder, *serve_captions(stack, folder))
    from tests.kill_points.features import features

    return features(name, folder)


def try_point(job: Job, folder: Path, whole: Path, at: int, *, behind: bool) -> tuple[bool, list[str]]:
    """Kill a job at an operation and start it again; returns whether the kill came, and what is wrong."""
    killed, _ = in_a_process(job, folder, Counting(at, behind=behind))
    problems: list[str] = []
    checks = (partial(job.left, folder), partial(_again, job, folder), partial(job.done, folder, whole))
    for stage, check in zip(('after the kill', 'second start', 'at the end'), checks):
        try:
            problems += [f'{stage}: {problem}' for problem in check()]
        except Exception as error:  # noqa: BLE001 (whatever a check meets is a finding)
            problems.append(f'{stage}: {type(error).__name__}: {error}')
    return killed, problems


def _again(job: Job, folder: Path) -> Iterator[str]:
    in_a_process(job, folder)
    yield from ()


def main() -> int:
    """Try them and report; exits with 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=42, help='kills, shared by the kinds of work')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', choices=KINDS, help='one kind of work')
    args = parser.parse_args()
    os.chdir(ROOT)
    os.environ['OMP_NUM_THREADS'] = '1'
    import torch

    torch.set_num_threads(1)
    tried, wrong = 0, 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        names = [args.only] if args.only else list(KINDS)
        for place, name in enumerate(names):
            below = folder / name
            below.mkdir()
            job, whole = make_job(name, stack, below), below / 'whole'
            _, operations = in_a_process(job, whole, Counting())
            points = draw(operations, len(range(place, args.count, len(names))), args.seed)
            for number, at in enumerate(points):
                behind = number % 2 == 1
                killed, problems = try_point(job, below / f'killed{number}', whole, at, behind=behind)
                tried, wrong = tried + 1, wrong + bool(problems)
                where = f'{"behind" if behind else "before"} {operations[at]} ({at + 1} of {len(operations)})'
                print(
                    f'{name:10} {where}: {"; ".join(problems) or "right"}{"" if killed else " (not killed)"}',
                    flush=True,
                )
    print(f'{tried} kills, {tried - wrong} right')
    return int(wrong > 0)


if __name__ == '__main__':
    sys.exit(main())
