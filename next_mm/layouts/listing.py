"""List the pictures of a dataset and find the three that belong together, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from next_mm.errors import DataError
from next_mm.triplet import MODALITIES, UNKNOWN

PICTURE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
"""File names that count as pictures; anything else in a folder is left alone."""

Paths = tuple[str | None, str | None, str | None]


class Triplet(NamedTuple):
    """Three pictures that belong together, ``None`` for an absent one, and what their name says."""

    name: str
    img_paths: Paths
    identity: int | str
    camera: int = UNKNOWN
    scene: int = UNKNOWN
    captions: Paths | None = None


@dataclass(frozen=True)
class Problem:
    """Something wrong in a dataset.

    Attributes:
        kind: what it is, the same words for all of its kind.
        where: the picture, caption file or entry concerned.
        detail: what was expected.
        fatal: whether training or testing would be wrong with it.
    """

    kind: str
    where: str
    detail: str = ''
    fatal: bool = True


def list_pictures(folder: str | Path) -> set[str]:
    """Names of the pictures in a folder; none if there is no such folder.

    Args:
        folder: the folder; what lies in folders below it is not listed.
    """
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.name.lower().endswith(PICTURE_SUFFIXES)}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def list_folders(folder: str | Path) -> list[str]:
    """Sorted names of the folders in a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def pair_by_name(parent: str | Path, folders: Sequence[str], absent: Sequence[str] = ()) -> Iterator[tuple[str, Paths]]:
    """Pair the pictures of three folders by file name; a picture that is not there is ``None``.

    Args:
        parent: folder that holds the three.
        folders: their names, in the order of the modalities.
        absent: modalities that are left out on purpose; their folders are not read.

    Yields:
        Each name, sorted, with the paths of its three pictures.
    """
    names = [
        set() if modality in absent else list_pictures(os.path.join(parent, folder))
        for modality, folder in zip(MODALITIES, folders)
    ]
    for name in sorted(set().union(*names)):
        first, second, third = (
            os.path.join(parent, folder, name) if name in found else None for folder, found in zip(folders, names)
        )
        yield name, (first, second, third)


def missing_partners(triplets: Sequence[Triplet], folders: Mapping[str, str]) -> list[Problem]:
    """Name every picture that lacks although another picture of its triplet is there.

    Args:
        triplets: as found on disk.
        folders: folder of each modality that must be there.
    """
    problems = []
    for triplet in triplets:
        beside = next(path for path in triplet.img_paths if path is not None)
        for modality, path in zip(MODALITIES, triplet.img_paths):
            if path is None and modality in folders:
                expected = Path(beside).parents[1] / folders[modality] / triplet.name
                problems.append(Problem(f'no {folders[modality]} picture', str(expected), f'expected beside {beside}'))
    return problems


def refuse(title: str, split: str, problems: Sequence[Problem], num_found: int) -> None:
    """Stop at the first kind of fatal problem, saying how often it comes and where first.

    Args:
        title: dataset name.
        split: ``'train'`` or ``'test'``.
        problems: of the split.
        num_found: triplets found on disk.

    Raises:
        FileNotFoundError: a part of the split has no pictures.
        DataError: any other fatal problem.
    """
    fatal = [problem for problem in problems if problem.fatal]
    for problem in fatal:
        if problem.kind == 'no pictures':
            raise FileNotFoundError(
                f'{title}: the {split} split is empty: no pictures in {problem.where} ({problem.detail}); '
                'docs/data.md shows the layout'
            )
    if fatal:
        first = fatal[0]
        number = sum(problem.kind == first.kind for problem in fatal)
        what = {'train': 'training', 'test': 'test'}[split]
        raise DataError(
            f'{title}: {number} of {num_found} {what} triplets have {first.kind}, first: {first.where} '
            f'({first.detail}). Run tools/check_dataset.py for the list.'
        )
