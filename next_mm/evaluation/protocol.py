"""What is ranked against what: the samples of a test set as one table, and what a protocol excludes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor

from next_mm.errors import DataError
from next_mm.retrieval.ranking import Labels, SameIdentity
from next_mm.retrieval.verification import check_support
from next_mm.triplet import NUM_MODALITIES, UNKNOWN

__all__ = [
    'FIELDS',
    'Exclude',
    'Protocol',
    'RetrievalTable',
    'build_table',
    'check_groups',
    'check_protocol',
    'explain_no_match',
]

FIELDS = ('sample_idx', 'name', 'identity', 'camera', 'scene', 'is_query', 'is_gallery')
"""What a sample must carry beside its feature; ``present`` and ``feature_text`` are read where they are there."""


class Exclude(str, Enum):
    """Which gallery entries of the query's identity are left out: those of its camera, of its scene, or itself."""

    SAME_CAMERA = 'same camera'
    SAME_SCENE = 'same scene'
    ITSELF = 'itself'

    @property
    def field(self) -> str:
        """The field of a sample that query and excluded entry share."""
        return {'same camera': 'camera', 'same scene': 'scene', 'itself': 'sample_idx'}[self.value]


Protocol = tuple[Exclude, tuple[float, ...]]
"""What a test set must be fit for: what is left out, and the false-match rates of a verification."""


@dataclass(frozen=True)
class RetrievalTable:
    """The N samples of a test set, ordered so that queries and gallery are both slices: no feature is held twice.

    Attributes:
        features: (N, F) float32.
        identities: (N,) int64, numbered by :attr:`identity_names`.
        cameras: (N,) int64, :data:`next_mm.triplet.UNKNOWN` where not known.
        scenes: (N,) int64, likewise.
        present: (N, 3) bool, which modalities exist.
        modalities: (F,) the modality of each dimension of a feature, -1 for several; None where that is unknown.
        samples: the N samples.
        identity_names: the identities as the dataset gives them, by number.
        queries: the queries' rows.
        gallery: the gallery's rows; overlaps the queries where a sample is both.
        num_junk: samples of unknown identity (-1), which are neither queries nor ranked.
    """

    features: Tensor
    identities: Tensor
    cameras: Tensor
    scenes: Tensor
    present: Tensor
    modalities: Tensor | None
    samples: list[Mapping[str, Any]] = field(repr=False)
    identity_names: list[int | str] = field(repr=False)
    queries: slice
    gallery: slice
    num_junk: int

    def __len__(self) -> int:
        return len(self.samples)

    def labels(self, exclude: Exclude, rows: slice) -> Labels:
        """Labels of ``table.queries`` or ``table.gallery`` under a protocol."""
        groups = {'camera': self.cameras, 'scene': self.scenes, 'sample_idx': torch.arange(len(self))}[exclude.field]
        return Labels(self.identities[rows], groups[rows])


def build_table(
    samples: Sequence[Mapping[str, Any]], features: Tensor, modalities: Tensor | None = None
) -> RetrievalTable:
    """Arrange the samples of a test set and check them.

    Args:
        samples: N samples with the fields of :data:`FIELDS`; junk has identity -1.
        features: (N, F) features; reordered in place, for they may fill half of the memory.
        modalities: (F,) the modality of each dimension, -1 for several; None where that is unknown.

    Raises:
        DataError: a feature is not finite, or there are no queries or no gallery entries.
    """
    _check_finite(samples, features)
    kept = [
        row
        for row, sample in enumerate(samples)
        if sample['identity'] != UNKNOWN and (sample['is_query'] or sample['is_gallery'])
    ]
    # Queries only, then both, then gallery only.
    kept.sort(key=lambda row: (samples[row]['is_gallery'] - samples[row]['is_query'], samples[row]['sample_idx']))
    ordered = [samples[row] for row in kept]
    num_queries = sum(bool(sample['is_query']) for sample in ordered)
    num_gallery = sum(bool(sample['is_gallery']) for sample in ordered)
    num_junk = sum(sample['identity'] == UNKNOWN for sample in samples)
    if not num_queries or not num_gallery:
        raise DataError(
            f'evaluation: expected queries and gallery entries, got {num_queries} queries and {num_gallery} gallery '
            f'entries among {len(samples)} samples ({num_junk} junk); check the is_query and is_gallery flags'
        )
    names = sorted(
        {sample['identity'] for sample in ordered}, key=lambda identity: (isinstance(identity, str), identity)
    )
    number = {identity: index for index, identity in enumerate(names)}
    return RetrievalTable(
        features=_pick_rows(features, kept),
        identities=torch.tensor([number[sample['identity']] for sample in ordered]),
        cameras=torch.tensor([int(sample['camera']) for sample in ordered]),
        scenes=torch.tensor([int(sample['scene']) for sample in ordered]),
        present=torch.tensor([_flags(sample.get('present')) for sample in ordered]),
        modalities=modalities,
        samples=ordered,
        identity_names=names,
        queries=slice(0, num_queries),
        gallery=slice(len(ordered) - num_gallery, len(ordered)),
        num_junk=num_junk,
    )


def check_protocol(
    records: Sequence[Mapping[str, Any]], exclude: Exclude, false_match_rates: Sequence[float] = ()
) -> None:
    """Check, before any feature is computed, that a test set can be evaluated.

    Args:
        records: the samples as the dataset lists them; where they lack a field of :data:`FIELDS`, which a pipeline may
            add, nothing is checked.
        exclude: what is left out.
        false_match_rates: rates at which pairs are to be verified.

    Raises:
        DataError: there are no queries or no gallery entries, cameras or scenes that are needed are unknown, no query
            has a match, or there are too few pairs of different identities for a false-match rate.
    """
    if any(key not in record for record in records[:1] for key in FIELDS):
        return
    table = build_table(records, torch.zeros(len(records), 1))
    check_groups(table, exclude)
    _, present, excluded = SameIdentity(table.labels(exclude, table.gallery))(table.labels(exclude, table.queries))
    if not (present & ~excluded).any():
        raise DataError(explain_no_match(table, exclude))
    num_impostor = present.shape[0] * len(table.labels(exclude, table.gallery)) - int(present.sum())
    for rate in false_match_rates:
        check_support(num_impostor, rate)


def check_groups(table: RetrievalTable, exclude: Exclude) -> None:
    """Check that the cameras or scenes that decide what is left out are known.

    Raises:
        DataError: some samples lack theirs.
    """
    labels = table.labels(exclude, slice(0, len(table)))
    needed = torch.isin(labels.identities, labels.identities[table.queries])  # distractors need no camera
    unknown = ((labels.groups == UNKNOWN) & needed).nonzero().flatten().tolist()
    if unknown:
        raise DataError(
            f'exclude={exclude.value!r} needs the {exclude.field} of every sample, but {len(unknown)} of '
            f'{int(needed.sum())} have none, first: {table.samples[unknown[0]]["name"]}. Fill them in, or use '
            "exclude='itself', which leaves out only the query itself."
        )


def explain_no_match(table: RetrievalTable, exclude: Exclude) -> str:
    """Say why no query has a correct entry left in the gallery."""
    query, gallery = table.labels(exclude, table.queries), table.labels(exclude, table.gallery)
    message = f'no query has a match: {len(query)} queries, {len(gallery)} gallery entries, exclude={exclude.value!r}. '
    if not torch.isin(query.identities, gallery.identities).any():
        queries, entries = (
            [table.identity_names[index] for index in side.identities.unique()[:3].tolist()]
            for side in (query, gallery)
        )
        return (
            f'{message}Queries and gallery share no identity (queries e.g. {queries}, gallery e.g. {entries}): '
            'check how the identities are read, and the is_query and is_gallery flags.'
        )
    if exclude == Exclude.ITSELF:
        return (
            f'{message}Each query is the only entry of its identity in the gallery: more pictures of each identity '
            'are needed.'
        )
    values = len(torch.cat([query.groups, gallery.groups]).unique())
    return (
        f"{message}Every gallery entry of a query's identity shares its {exclude.field} (there are {values} different "
        f'values), and such entries are left out: check how the {exclude.field} is read, or use '
        "exclude='itself', which leaves out only the query itself."
    )


def _flags(values: Any) -> list[bool]:
    return [True] * NUM_MODALITIES if values is None else [bool(value) for value in values]


def _check_finite(samples: Sequence[Mapping[str, Any]], features: Tensor) -> None:
    broken = (~features.sum(dim=1).isfinite()).nonzero().flatten().tolist()
    if broken:
        raise DataError(
            f'features: expected finite numbers, got NaN or infinity for {len(broken)} of {len(samples)} samples, '
            f'first: {samples[broken[0]]["name"]}. The model has diverged or its checkpoint is damaged.'
        )


def _pick_rows(features: Tensor, rows: Sequence[int]) -> Tensor:
    """Return ``features[rows]`` for different rows, moved in place with one row kept aside at a time."""
    source = [*rows, *sorted(set(range(len(features))) - set(rows))]
    for start in range(len(source)):
        if source[start] == start:
            continue
        aside, row = features[start].clone(), start
        while (next_row := source[row]) != start:
            features[row] = features[next_row]
            source[row] = row
            row = next_row
        features[row] = aside
        source[row] = row
    return features[: len(rows)]
