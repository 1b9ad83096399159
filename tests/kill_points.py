"""Kill each kind of long work at seeded operations, start it again, and compare with work that was never killed.

``python -m tests.kill_points --count 42``: training, captioning, extraction, adding to a gallery and caching captions,
each on toy data in a process of its own. Half of the kills come before an operation that changes a file or a database,
half behind it. After a kill everything that lies there must be whole; after the second start the outcome must be that
of undisturbed work, with nothing left over.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
OPERATIONS = frozenset(
    {
        *('mkdir', 'open', 'remove', 'rename', 'replace', 'rmdir', 'truncate', 'unlink'),
        *('fdatasync', 'fsync', 'write', 'writelines'),
        *('commit', 'execute', 'executemany'),  # sqlite3
        *('serialize_file', 'write_end_of_file', 'write_record'),  # safetensors, torch
    }
)
"""Functions written in C that change files or databases; ``open`` counts, for it may make or empty a file."""
KINDS = ('training', 'captioning', 'extraction', 'gallery', 'caching')
BATCHES, ROWS = 6, 20
"""Features that are added to the gallery, and a batch of them."""


@dataclass(frozen=True)
class Job:
    """One kind of work.

    Attributes:
        work: does it in a folder, from wherever a kill left it.
        left: yields what is wrong in a folder after a kill.
        done: yields what is wrong in a folder after the second start, beside one of undisturbed work.
    """

    work: Callable[[Path], Any]
    left: Callable[[Path], Iterator[str]]
    done: Callable[[Path, Path], Iterator[str]]


def changes_disk(function: Any) -> bool:
    """Say whether a function written in C changes a file or a database that stays."""
    owner = getattr(function, '__self__', None)
    in_memory = isinstance(owner, (str, bytes, bytearray, list, set, deque, io.StringIO, io.BytesIO))
    return getattr(function, '__name__', '') in OPERATIONS and not in_memory and owner not in (sys.stdout, sys.stderr)


class Counting:
    """Counts the operations of a process, and kills it at one of them.

    Args:
        at: number of the operation, from 0; ``None`` for none.
        behind: kill when it has ended, not before it begins.
    """

    def __init__(self, at: int | None = None, *, behind: bool = False) -> None:
        self.at, self.behind = at, behind
        self.names: list[str] = []

    def __call__(self, frame: FrameType, event: str, function: Any) -> None:
        if event not in ('c_call', 'c_return', 'c_exception') or not changes_disk(function):
            return
        if event == 'c_call':
            self.names.append(function.__name__)
        if (event != 'c_call') == self.behind and self.at == len(self.names) - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def start(self) -> None:
        """Count from now on, in this thread and in new ones."""
        threading.setprofile(self)
        sys.setprofile(self)

    @staticmethod
    def stop() -> None:
        """Count no more."""
        sys.setprofile(None)
        threading.setprofile(None)


def in_a_process(job: Job, folder: Path, counting: Counting | None = None) -> tuple[bool, list[str]]:
    """Do the work of a job in a forked process, which is slow while its operations are counted.

    Returns:
        Whether it was killed, and the operations that were counted in a process that was not.

    Raises:
        RuntimeError: it ended otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, names = folder.with_suffix('.log'), folder.with_suffix('.names')
    child = os.fork()
    if child == 0:
        status = 3
        try:
            with log.open('a') as file, redirect_stdout(file), redirect_stderr(file):
                if counting is not None:
                    counting.start()
                job.work(folder)
                Counting.stop()
            names.write_text(json.dumps(counting.names if counting is not None else []))
            status = 0
        except BaseException:  # noqa: BLE001 (whatever came, the child must not go on as the parent)
            Counting.stop()
            with log.open('a') as file:
                traceback.print_exc(file=file)
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == -signal.SIGKILL:
        return True, []
    if status != 0:
        raise RuntimeError(f'exit {status}: {log.read_text()[-2000:]}')
    return False, json.loads(names.read_text())


def draw(names: list[str], count: int, seed: int) -> list[int]:
    """Draw operations, in turn of each kind, so that the rare ones are among them."""
    generator = random.Random(seed)
    kinds = {name: [number for number, other in enumerate(names) if other == name] for name in sorted(set(names))}
    for numbers in kinds.values():
        generator.shuffle(numbers)
    order = sorted(kinds)
    generator.shuffle(order)
    drawn: list[int] = []
    while len(drawn) < count and any(kinds.values()):
        drawn += [kinds[name].pop() for name in order if kinds[name]]
    return drawn[:count]


def leftovers(folder: Path) -> Iterator[str]:
    """Yield files that only a kill leaves."""
    yield from (f'left over: {path.name}' for path in folder.rglob('*.part'))


def bytes_differ(folder: Path, whole: Path, pattern: str) -> Iterator[str]:
    """Yield the files of two folders that are not the same."""
    found, expected = (
        {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob(pattern) if path.is_file()}
        for top in (folder, whole)
    )
    yield from (
        f'another {name}' for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)
    )


def training() -> Job:
    """Three epochs of a toy."""
    from next_mm.apis import resume_from, train
    from next_mm.engine import read_checkpoint
    from tests.toys import toy_config

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


def captioning(folder: Path, url: str, log: Path) -> Job:
    """The captions of a few pictures, from a server on this machine."""
    from tests.captioning import light_tool
    from tests.captioning.conftest import make_dataset, query, tool_environment, write_config

    data = make_dataset(folder / 'RGBNT201', 8)
    pictures = 8 * 3

    def work(folder: Path) -> None:
        before = len(log.read_text().splitlines()) if log.exists() else 0
        config = write_config(folder.parent, data, url, models=('m',), name=folder.name, max_concurrency=4)
        os.environ.update(tool_environment())
        code = light_tool.main([str(config), 'attributes', 'merge', 'compose'], light_tool.LIGHT)
        if code:
            raise RuntimeError(f'exit code {code}')
        asked = sum(line.startswith('asked') for line in log.read_text().splitlines()[before:])
        (folder / 'asked').write_text(str(asked))

    def left(folder: Path) -> Iterator[str]:
        store = folder / 'store.sqlite'
        if store.exists():
            with sqlite3.connect(store) as db:
                yield from (f'store: {row}' for (row,) in db.execute('PRAGMA integrity_check') if row != 'ok')
                if db.execute("SELECT 1 FROM sqlite_master WHERE name='answers'").fetchone():
                    ((kept,),) = db.execute('SELECT COUNT(*) FROM answers')
                    (folder / 'kept').write_text(str(kept))
        for path in folder.rglob('*.json'):
            json.loads(path.read_text())

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        yield from bytes_differ(folder / 'text', whole / 'text', '*')
        kept, asked = (
            int((folder / name).read_text()) if (folder / name).exists() else 0 for name in ('kept', 'asked')
        )
        if asked > pictures - kept:
            yield f'{kept} answers were kept, yet {asked} of {pictures} pictures were asked about again'
        if query(folder, 'SELECT COUNT(*), COUNT(DISTINCT subject) FROM answers') != [(pictures, pictures)]:
            yield 'not one answer for each picture'

    return Job(work, left, done)


def extraction(run_dir: Path, inputs: Path) -> Job:
    """The features of a few triplets, two a file."""
    from next_mm.apis.inference import ReIDInferencer
    from next_mm.apis.inference.shards import extract_shards, list_inputs
    from next_mm.retrieval.feature_files import read_features

    def work(folder: Path) -> None:
        reid = ReIDInferencer(run_dir, batch_size=2, num_workers=1)
        extract_shards(reid, list_inputs(inputs), folder, shard_size=2)

    def left(folder: Path) -> Iterator[str]:
        for path in folder.glob('features-*.safetensors'):
            read_features(path)
        yield from ()

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        yield from bytes_differ(folder, whole, '*')

    return Job(work, left, done)


def adding() -> Job:
    """Batches added to a gallery, every third deleted again."""
    from next_mm.gallery import Gallery
    from tests.gallery.naive import SPACE, make_features

    def ids(gallery: Gallery) -> list[str]:
        return sorted(entry.id for entries, _ in gallery.iterate() for entry in entries)

    def work(folder: Path) -> None:
        with Gallery.open(folder, SPACE) as gallery:
            for seed in range(BATCHES):
                gallery.add(make_features(ROWS, seed), on_conflict='keep')
                if seed % 3 == 2:
                    gallery.delete([f'e{seed}-{row}' for row in range(ROWS)])
                    gallery.compact()

    def left(folder: Path) -> Iterator[str]:
        if not (folder / 'gallery.sqlite').exists():
            return
        with Gallery.open(folder, SPACE) as gallery:
            found = Counter(name.partition('-')[0] for name in ids(gallery))
            yield from (f'half a batch: {count} of {name}' for name, count in found.items() if count != ROWS)

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        with Gallery.open(folder, SPACE) as ours, Gallery.open(whole, SPACE) as theirs:
            if ids(ours) != ids(theirs):
                yield 'other entries'
            query = make_features(3, 0)
            hits = [
                [[(hit.id, hit.score) for hit in row] for row in one.search(query, top=5)] for one in (ours, theirs)
            ]
            if hits[0] != hits[1]:
                yield 'other hits'

    return Job(work, left, done)


def caching(cfg: Any) -> Job:
    """The captions of a config encoded ahead."""
    import torch

    from next_mm import apis
    from next_mm.models.text.embedding_file import list_files, read_features

    def features(folder: Path) -> dict[bytes, Any]:
        return {key: row for path in list_files(folder) for key, row in zip(*read_features(path))}

    def work(folder: Path) -> None:
        torch.manual_seed(0)  # the same text tower each time
        apis.encode_captions(cfg.copy(), train=True, folder=folder)

    def left(folder: Path) -> Iterator[str]:
        features(folder)
        yield from ()

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        ours, theirs = features(folder), features(whole)
        if ours.keys() != theirs.keys():
            yield f'{len(ours)} captions, expected {len(theirs)}'
        yield from ('another feature' for key, row in ours.items() if key in theirs and not row.equal(theirs[key]))

    return Job(work, left, done)


def serve_captions(stack: ExitStack, folder: Path) -> tuple[str, Path]:
    """Start the server of captions; returns its address and its log."""
    log, plan = folder / 'server.log', folder / 'plan.json'
    plan.write_text('{}')
    command = [sys.executable, '-m', 'next_mm.captioning.simulation.unruly', str(log), str(plan), '--latency', '0.01']
    server = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
    stack.callback(server.kill)
    assert server.stdout is not None
    return f'{server.stdout.readline().split()[-1]}/v1', log


def make_job(name: str, stack: ExitStack, folder: Path) -> Job:
    """Make a kind of work, over data below a folder."""
    if name == 'training':
        return training()
    if name == 'gallery':
        return adding()
    if name == 'captioning':
        return captioning(folder, *serve_captions(stack, folder))
    from next_mm import apis
    from tests.fuzz_config import CONFIG, small_options

    options = {**small_options(folder), 'model.text.save_in_checkpoint': True}  # its text tower is random
    cfg = apis.load_config(CONFIG, options, work_dir=folder / 'model')
    if name == 'caching':
        return caching(cfg)
    trained = Job(lambda _: apis.train(cfg), lambda _: iter(()), lambda *_: iter(()))
    in_a_process(trained, folder / 'model')
    inputs = folder / 'inputs'
    for modality, name in (('rgb', 'RGB'), ('nir', 'NI'), ('tir', 'TI')):
        inputs.mkdir(exist_ok=True)
        (inputs / modality).symlink_to(folder / 'data' / 'test' / name)
    return extraction(folder / 'model', inputs)


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
