"""Kill writers of a gallery at random moments, and see what is left: ``python -m tests.gallery.kills --points 50``.

Every operation that was acknowledged must be there, and the one that was cut off must be there whole or not at all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np

from next_mm.gallery import Gallery
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace

SPACE = FeatureSpace('kills', 'd' * 64, (0,) * 256 + (1,) * 256 + (2,) * 256)
ROWS = 100
"""Entries of a batch: 307 kB, so that a write takes some milliseconds and a kill falls into it."""
KINDS = ('add', 'delete', 'replace', 'compact')

State = dict[int, int]
"""Number of each batch that is there to its version."""


@dataclass(frozen=True)
class Operation:
    """One call of a gallery on one batch."""

    kind: str
    batch: int
    version: int = 0

    def change(self, state: State) -> State:
        """Return the state after it."""
        if self.kind == 'delete':
            return {batch: version for batch, version in state.items() if batch != self.batch}
        return state if self.kind == 'compact' else {**state, self.batch: self.version}

    def run(self, gallery: Gallery, writer: int) -> None:
        """Do it."""
        if self.kind == 'delete':
            assert gallery.delete(identity=name(writer, self.batch)) == ROWS
        elif self.kind == 'compact':
            gallery.compact()
        else:
            conflict = 'replace' if self.kind == 'replace' else 'error'
            gallery.add(
                make(writer, self.batch, self.version),
                identity=name(writer, self.batch),
                extra={'version': self.version},
                on_conflict=conflict,  # type: ignore[arg-type]
            )


def name(writer: int, batch: int) -> str:
    """The identity of a batch's entries."""
    return f'{writer}-{batch}'


def make(writer: int, batch: int, version: int) -> FeatureSet:
    """The features of a batch."""
    rows = np.random.default_rng([writer, batch, version]).normal(size=(ROWS, SPACE.dim)).astype(np.float32)
    ids = [f'{name(writer, batch)}-{row}' for row in range(ROWS)]
    return FeatureSet(SPACE, ids, rows, np.ones((ROWS, 3), bool), np.zeros((ROWS, 3), bool)).checked()


def write(path: Path, writer: int, state: State, seed: int, most: int, compacts: bool, pipe: Connection) -> None:
    """Write on and on, telling each operation before and after it."""
    rng, fresh = random.Random(seed), max(state, default=-1) + 1
    with Gallery.open(path, SPACE) as gallery:
        for _ in range(most):
            kind = rng.choice(KINDS if compacts else KINDS[:3]) if len(state) > 2 else 'add'
            if kind == 'add':
                operation, fresh = Operation('add', fresh), fresh + 1
            else:
                batch = rng.choice(sorted(state))
                operation = Operation(kind, batch, state[batch] + (kind == 'replace'))
            pipe.send(('before', operation))
            operation.run(gallery, writer)
            pipe.send(('after', operation))
            state = operation.change(state)


class Writer:
    """A process that writes, and what it has acknowledged.

    Args:
        context: starts processes.
        path: the gallery.
        number: of the writer; each has entries of its own.
        state: what is there of its entries.
        seed: of its choices.
        most: operations.
        compacts: whether it compacts, which needs the gallery for itself.
    """

    def __init__(
        self,
        context: ForkServerContext,
        path: Path,
        number: int,
        state: State,
        seed: int,
        *,
        most: int = 10**6,
        compacts: bool = True,
    ) -> None:
        self.number, self.state, self.acknowledged = number, state, 0
        self.flight: Operation | None = None
        self.pipe, other = context.Pipe(duplex=False)
        self.process = context.Process(target=write, args=(path, number, state, seed, most, compacts, other))
        self.process.start()
        other.close()

    def listen(self) -> Operation | None:
        """Take up one word; return the operation that begins, if it is one."""
        word, operation = self.pipe.recv()
        if word == 'before':
            self.flight = operation
            return operation
        self.flight, self.state = None, operation.change(self.state)
        self.acknowledged += 1
        return None

    def kill(self, kind: str, after: int, wait: float) -> None:
        """Kill it at a moment after the beginning of an operation of a kind.

        Args:
            kind: of the operation.
            after: words to let pass first.
            wait: seconds from the operation's beginning.
        """
        while True:
            operation = self.listen()
            after -= 1
            if operation is not None and operation.kind == kind and after <= 0:
                break
        time.sleep(wait)
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Take up what is left, until it has ended."""
        try:
            while True:
                self.listen()
        except (EOFError, OSError):
            self.process.join()

    def allowed(self) -> list[State]:
        """What may be there: all that was acknowledged, with or without what was cut off."""
        return [self.state] if self.flight is None else [self.state, self.flight.change(self.state)]


def read_state(path: Path, writer: int) -> State:
    """What is there of a writer's entries; an incomplete batch, other features or a damaged file is an error."""
    rows: Counter[int] = Counter()
    state: State = {}
    with Gallery.open(path, SPACE, create=False) as gallery:
        assert gallery.file.db.execute('PRAGMA integrity_check').fetchone() == ('ok',)  # type: ignore[attr-defined]
        gallery.audit()  # type: ignore[attr-defined]
        for entries, features in gallery.iterate():
            for entry, feature in zip(entries, features.features):
                owner, batch, row = map(int, entry.id.split('-'))
                if owner != writer:
                    continue
                rows[batch] += 1
                version = entry.extra['version']
                assert state.setdefault(batch, version) == version
                assert row or (feature == make(owner, batch, version).features[0]).all()
        if state:
            query = make(writer, min(state), state[min(state)]).select([0])
            assert gallery.search(query, top=1)[0][0].id == query.ids[0]
    assert set(rows.values()) <= {ROWS}, rows
    return state


def start_processes() -> ForkServerContext:
    """A way to start processes that have everything imported."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['tests.gallery.kills'])
    return context


def kill_again_and_again(path: Path, points: int, seed: int = 0) -> tuple[Counter[str], int]:
    """Kill a writer at random moments.

    Returns:
        How often which kind of operation was cut off (``none``: between two), and how many were acknowledged.
    """
    context, rng = start_processes(), random.Random(seed)
    state: State = {}
    cut: Counter[str] = Counter()
    acknowledged = 0
    for point in range(points):
        writer = Writer(context, path, 0, state, seed=seed + point)
        writer.kill(KINDS[point % len(KINDS)], rng.randrange(2, 12), rng.random() * 0.02)
        found = read_state(path, 0)
        assert found in writer.allowed(), (found, writer.allowed(), writer.flight)
        cut[writer.flight.kind if writer.flight else 'none'] += 1
        acknowledged += writer.acknowledged
        state = found
    return cut, acknowledged


def write_together(path: Path, operations: int, seed: int = 0) -> int:
    """Let three processes write at once, one of which is killed; return how many operations were acknowledged."""
    context = start_processes()
    writers = [Writer(context, path, number, {}, seed + number, most=operations, compacts=False) for number in range(3)]
    writers[0].kill('add', operations // 2, 0.003)
    for writer in writers:
        writer.end()
        assert read_state(path, writer.number) in writer.allowed()
    assert [writer.acknowledged for writer in writers[1:]] == [operations] * 2
    return sum(writer.acknowledged for writer in writers)


def main() -> None:
    """Kill, and say what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--points', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        cut, acknowledged = kill_again_and_again(Path(folder) / 'gallery', args.points, args.seed)
        kinds = ', '.join(f'{kind} {count}' for kind, count in sorted(cut.items()))
        print(f'{args.points} kills, cut off: {kinds}; {acknowledged} acknowledged operations, all there, none half')
        together = write_together(Path(folder) / 'together', 40, args.seed)
        print(f'three processes at once, one killed: {together} acknowledged operations, all there')
        print(f'{time.perf_counter() - start:.0f} s')


if __name__ == '__main__':
    main()
