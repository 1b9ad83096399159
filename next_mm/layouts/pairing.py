"""Find the three pictures that belong together, by folder and by name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from next_mm.layouts.listing import PICTURE_SUFFIXES, list_folders, list_other_pictures, list_pictures
from next_mm.layouts.problems import Problem
from next_mm.triplet import MODALITIES, MODALITY_TABLE, TripletRecord
from next_mm.utils.names import modalities_in, name_key
from next_mm.utils.options import did_you_mean

Paths = tuple[str | None, str | None, str | None]


@dataclass
class Pairing:
    """The triplets of one folder.

    Attributes:
        triplets: name and paths of each, sorted; the name is that of the first picture.
        problems: what keeps pictures from being paired.
    """

    triplets: list[tuple[str, Paths]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def pair_pictures(parent: str, folders: Sequence[str], absent: Sequence[str] = (), *, needed: bool = True) -> Pairing:
    """Pair the pictures of three folders by name; a picture that is not there is ``None``.

    Equal names belong together. What is left over is paired by :func:`next_mm.utils.names.name_key`.

    Args:
        parent: folder that holds the three.
        folders: their names, in the order of the modalities; another letter case or another name of the modality is
            found too.
        absent: modalities that are left out on purpose; their folders are not read.
        needed: whether a folder that is no modality is an error where a modality has none, or not worth a word.
    """
    pairing = Pairing()
    found = _find_folders(parent, folders, absent, pairing.problems, needed=needed)
    names = {modality: list_pictures(os.path.join(parent, folder)) for modality, folder in found.items()}
    for folder in found.values():
        pairing.problems += _find_unread(os.path.join(parent, folder))
    equal = set.intersection(*names.values()) if names else set()
    rest = {modality: sorted(all_names - equal) for modality, all_names in names.items()}
    groups = [dict.fromkeys(names, name) for name in equal]
    if any(rest.values()):
        groups += _pair_by_key(parent, found, rest, {name_key(name, ()) for name in equal}, pairing.problems)
    if any(rest.values()) or len(names) == 1:
        mixed = rest if any(rest.values()) else {modality: sorted(all_names) for modality, all_names in names.items()}
        pairing.problems += _find_mixtures(parent, found, mixed)
    for group in groups:
        name = next(group[modality] for modality in MODALITIES if modality in group)
        first, second, third = (
            os.path.join(parent, found[modality], group[modality]) if modality in group else None
            for modality in MODALITIES
        )
        pairing.triplets.append((name, (first, second, third)))
    pairing.triplets.sort(key=itemgetter(0))
    return pairing


def pair_in_one_folder(folder: str, absent: Sequence[str] = ()) -> Pairing:
    """Pair the pictures that lie in one folder and say their modality in their names: ``0_rgb.jpg``, ``0_nir.jpg``.

    Args:
        folder: the folder.
        absent: modalities that are left out on purpose.
    """
    pairing = Pairing()
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    pairing.problems += _find_unread(folder, lambda name: (name_key(name), *modalities_in(name)))
    for name in sorted(list_pictures(folder)):
        told = modalities_in(name)
        if len(told) == 1:
            if told[0] not in absent:
                groups[name_key(name, told)][told[0]].append(name)
        else:
            pairing.problems.append(
                Problem(
                    'a picture outside the folders of the modalities',
                    os.path.join(folder, name),
                    f'expected in {", ".join(MODALITIES)}, or with one of these in its name',
                )
            )
    for group in groups.values():
        pairing.problems += _twins(folder, dict.fromkeys(group, ''), group)
        first, second, third = (
            os.path.join(folder, group[modality][0]) if modality in group else None for modality in MODALITIES
        )
        name = next(group[modality][0] for modality in MODALITIES if modality in group)
        pairing.triplets.append((name, (first, second, third)))
    pairing.triplets.sort(key=itemgetter(0))
    return pairing


def missing_partners(records: Sequence[TripletRecord], folders: Mapping[str, str]) -> Iterator[tuple[int, Problem]]:
    """Name every picture that lacks although another picture of its triplet is there.

    Args:
        records: as found on disk.
        folders: folder of each modality that must be there.

    Yields:
        The number of the record, and the problem.
    """
    for number, record in enumerate(records):
        beside = next(path for path in record['img_paths'] if path is not None)
        for modality, path in zip(MODALITIES, record['img_paths']):
            if path is None and modality in folders:
                parent, name = os.path.dirname(os.path.dirname(beside)), os.path.basename(beside)
                expected = os.path.join(parent, folders[modality], name)
                yield number, Problem(f'no {folders[modality]} picture', expected, f'expected beside {beside}')


def _find_folders(
    parent: str, folders: Sequence[str], absent: Sequence[str], problems: list[Problem], *, needed: bool
) -> dict[str, str]:
    """Find the folder of each modality, by its own name first, then by any name of the modality."""
    there = list_folders(parent)
    found: dict[str, str] = {}
    for modality, folder in zip(MODALITY_TABLE, folders):
        if modality.key in absent:
            continue
        others = [name for name in there if name != folder and name.casefold() in {folder.casefold(), *modality.names}]
        if folder in there:
            found[modality.key] = folder
        elif others:
            found[modality.key] = others.pop(0)
        problems += [
            Problem(
                'two folders of one modality',
                os.path.join(parent, name),
                f'{os.path.join(parent, found[modality.key])} is the {modality.key} folder',
                of_triplet=False,
            )
            for name in others
        ]
    lacking = [modality for modality in MODALITIES if modality not in found and modality not in absent]
    known = {name for modality in MODALITY_TABLE for name in modality.names}
    wanted = [name for modality in MODALITY_TABLE if modality.key in lacking for name in modality.names]
    strangers = [name for name in there if name.casefold() not in known and name not in folders]
    problems += [
        Problem(
            'a folder that is no modality',
            os.path.join(parent, name),
            f'there is none for {", ".join(lacking)}: rename it, or set missing_modalities{did_you_mean(name, wanted)}',
            of_triplet=False,
        )
        for name in strangers
        if needed and lacking and list_pictures(os.path.join(parent, name))
    ]
    return found


def _find_unread(folder: str, key: Callable[[str], object] = name_key) -> Iterator[Problem]:
    """Name the pictures of a kind that is not read, unless they lie there as one that is read too.

    Args:
        folder: the folder.
        key: what the names of one picture have in common.
    """
    others = list_other_pictures(folder)
    read = {key(name) for name in list_pictures(folder)} if others else set()
    for name in sorted(others):
        if key(name) not in read:
            detail = f'expected a name that ends with one of {", ".join(PICTURE_SUFFIXES)}'
            yield Problem('a picture of a kind that is not read', os.path.join(folder, name), detail)


def _pair_by_key(
    parent: str,
    found: Mapping[str, str],
    rest: Mapping[str, Sequence[str]],
    taken: set[str],
    problems: list[Problem],
) -> list[dict[str, str]]:
    """Pair what has no partner of its own name; ``taken`` are the keys of complete triplets."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for modality, names in rest.items():
        for name in names:
            groups[name_key(name, [modality])][modality].append(name)
    for key, group in groups.items():
        problems += _twins(parent, found, group)
        if key in taken:
            modality, names = next(iter(group.items()))
            problems.append(
                Problem(
                    'several pictures of one name',
                    os.path.join(parent, found[modality], names[0]),
                    'another picture of that name has all its partners; rename it, or move it away',
                )
            )
    return [{modality: names[0] for modality, names in group.items()} for group in groups.values()]


def _twins(parent: str, found: Mapping[str, str], group: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Name the pictures of one modality that would be the same picture of a triplet."""
    for modality, names in group.items():
        for name in names[1:]:
            yield Problem(
                'several pictures of one name',
                os.path.join(parent, found[modality], name),
                f'{names[0]} beside it differs in suffix or letter case only, so their partners cannot be told apart',
            )


def _find_mixtures(parent: str, found: Mapping[str, str], rest: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Find pictures whose names tell different modalities and nothing else apart, in the folder of one modality."""
    for modality, names in rest.items():
        first: dict[str, tuple[str, str]] = {}
        for name in names:
            told = modalities_in(name)
            if len(told) == 1:
                other, twin = first.setdefault(name_key(name, told), (told[0], name))
                if other != told[0]:
                    yield Problem(
                        'pictures of several modalities in one folder',
                        os.path.join(parent, found[modality], name),
                        f'{twin} lies beside it; give each modality a folder of its own',
                    )
