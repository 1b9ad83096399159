"""What is ranked against what: the samples of a test set as one table, and the rules of the protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from next_mm.errors import ConfigError, DataError
from next_mm.retrieval.ranking import Labels
from next_mm.triplet import UNKNOWN

RULES = ('camera', 'scene', 'none')
"""Entries of the query's identity are left out if they share its camera, its scene, or only if they are the query
itself."""

FIELDS = ('sample_idx', 'name', 'identity', 'camera', 'scene', 'is_query', 'is_gallery')
"""What a sample must carry beside its feature."""


@dataclass(frozen=True)
class RetrievalTable:
    """The N samples of a test set, ordered so that queries and gallery are both slices: no feature is held twice.

    Attributes:
        features: (N, F) float32, L2-normalised.
        identities: (N,) int64, numbered by :attr:`identity_names`.
        cameras: (N,) int64, :data:`next_mm.structures.UNKNOWN` where not known.
        scenes: (N,) int64, likewise.
        names: N names.
        identity_names: the identities as the dataset gives them, by number.
        queries: the queries' rows.
        gallery: the gallery's rows; overlaps the queries where a sample is both.
        num_junk: samples of unknown identity (-1), which neither ask nor are ranked.
    """

    features: Tensor
    identities: Tensor
    cameras: Tensor
    scenes: Tensor
    names: list[str] = field(repr=False)
    identity_names: list[int | str] = field(repr=False)
    queries: slice
    gallery: slice
    num_junk: int

    def labels(self, rule: str, rows: slice) -> Labels:
        """Labels of ``table.queries`` or ``table.gallery`` under a rule of :data:`RULES`."""
        groups = {'camera': self.cameras, 'scene': self.scenes, 'none': torch.arange(len(self.names))}
        if rule not in groups:
            raise ConfigError(f'rule: expected one of {RULES}, got {rule!r}')
        return Labels(self.identities[rows], groups[rule][rows])


def build_table(samples: Sequence[Mapping[str, Any]], features: Tensor) -> RetrievalTable:
    """Arrange the samples of a test set and check them.

    Args:
        samples: N samples with the fields of :data:`FIELDS`; junk has identity -1.
        features: (N, F) features; reordered and normalised in place, for they may fill half of the memory.

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
    features = _pick_rows(features, kept)
    return RetrievalTable(
        features=normalize(features, dim=1, out=features),
        identities=torch.tensor([number[sample['identity']] for sample in ordered]),
        cameras=torch.tensor([int(sample['camera']) for sample in ordered]),
        scenes=torch.tensor([int(sample['scene']) for sample in ordered]),
        names=[str(sample['name']) for sample in ordered],
        identity_names=names,
        queries=slice(0, num_queries),
        gallery=slice(len(ordered) - num_gallery, len(ordered)),
        num_junk=num_junk,
    )


def check_rule(table: RetrievalTable, rule: str) -> None:
    """Refuse a rule that the samples cannot answer.

    Raises:
        ConfigError: the rule is unknown.
        DataError: it asks for cameras or scenes that some samples lack.
    """
    labels = table.labels(rule, slice(0, len(table.names)))
    asked = torch.isin(labels.identities, labels.identities[table.queries])  # distractors need no camera
    unknown = ((labels.groups == UNKNOWN) & asked).nonzero().flatten().tolist()
    if rule != 'none' and unknown:
        raise DataError(
            f'rule={rule!r} needs the {rule} of every sample, but {len(unknown)} of {int(asked.sum())} have none, '
            f"first: {table.names[unknown[0]]}. Fill them in, or use rule='none', which drops only the query itself."
        )


def explain_no_match(table: RetrievalTable, rule: str) -> str:
    """Say why no query has a right entry left in the gallery."""
    query, gallery = table.labels(rule, table.queries), table.labels(rule, table.gallery)
    shared = torch.isin(query.identities.unique(), gallery.identities)
    told = f'no query has a match: {len(query)} queries, {len(gallery)} gallery entries, rule={rule!r}. '
    if not shared.any():
        example = [
            [table.identity_names[index] for index in side.identities.unique()[:3].tolist()]
            for side in (query, gallery)
        ]
        return told + (
            f'Queries and gallery share no identity (queries e.g. {example[0]}, gallery e.g. {example[1]}): '
            'check how the identities are read, and the is_query and is_gallery flags.'
        )
    if rule == 'none':
        return (
            told
            + 'Each query is the only entry of its identity in the gallery: more pictures of each identity are needed.'
        )
    return told + (
        f"Every gallery entry of a query's identity shares its {rule} (there are "
        f'{len(torch.cat([query.groups, gallery.groups]).unique())} different values), and the rule drops such entries: '
        f"check how the {rule} is read, or use rule='none', which drops only the query itself."
    )


def _check_finite(samples: Sequence[Mapping[str, Any]], features: Tensor) -> None:
    broken = (~features.sum(dim=1).isfinite()).nonzero().flatten().tolist()
    if broken:
        raise DataError(
            f'features: expected finite numbers, got NaN or infinity for {len(broken)} of {len(samples)} samples, '
            f'first: {samples[broken[0]]["name"]}. The model has diverged or its checkpoint is damaged.'
        )


def _pick_rows(features: Tensor, rows: Sequence[int]) -> Tensor:
    """``features[rows]`` for different rows, in place: what lies in the way is kept aside one row at a time."""
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
