"""Adding to a gallery, killed: a batch is there whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from next_mm.gallery import Gallery
from tests.gallery.naive import SPACE, make_features
from tests.kill_points.job import Job, leftovers

__all__ = ['adding']

BATCHES, ROWS = 6, 20
"""Features that are added to the gallery, and a batch of them."""


def adding() -> Job:
    """Batches added to a gallery, every third deleted again."""

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
