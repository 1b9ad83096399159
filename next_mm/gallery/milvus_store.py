"""A gallery on a Milvus server, for what outgrows one machine's memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.base import Gallery, OnConflict
from next_mm.gallery.centred import fit_gallery
from next_mm.gallery.decisions import check_thresholds, decide
from next_mm.gallery.milvus_collection import MOST_ROWS, SCALARS, MilvusCollection
from next_mm.gallery.milvus_language import all_of, filter_expression, quote
from next_mm.gallery.new_rows import NewRows, refuse_known
from next_mm.gallery.records import Comparison, Entry, Filters, Hit, read_extra
from next_mm.gallery.tracklets import pool_tracklet
from next_mm.retrieval.centring import Centring
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.retrieval.parts import shared_cosine
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['MilvusGallery']

FETCH_LEAST, FETCH_FACTOR = 1000, 20
"""Candidates that are scored anew where query and entries have other sensors."""
WEIGHTS = 2 ** np.arange(NUM_MODALITIES)
MEAN_PREFIX = 'tracklet '


class MilvusGallery(Gallery):
    """Entries in a Milvus collection, compared by cosine.

    Where query and entry have the same sensors, ranking is Milvus's own (exact with a FLAT index). Where they differ,
    the nearest candidates by the plain product are scored anew over the shared parts: the best of at least 1,000, so a
    hit that lies beyond these is missed. Milvus has no transactions over several calls: a replacement that is cut off
    may leave an entry deleted. When the bytes of deleted entries are freed is the server's matter.

    Args:
        uri: ``http://host:19530/collection``; a token comes from the environment (``NEXT_MM_MILVUS_TOKEN``).
        space: the feature space; needed to create.
        who: not used: Milvus keeps its own log.
        create: create a collection that does not exist.

    Raises:
        ConfigError: pymilvus is not installed, or the address names no collection.
        DataError: see :meth:`Gallery.open`; or the server does not answer.
    """

    def __init__(self, uri: str, space: FeatureSpace | None, *, who: str = 'local', create: bool = True) -> None:
        self.collection = MilvusCollection(uri, space, create=create)
        self.space = self.collection.space
        if space is not None:
            self.space.check(space)

    # --- changing

    def _add(self, features: FeatureSet, new: NewRows, on_conflict: OnConflict) -> int:
        ids = features.ids
        there = self.collection.rows_by_id(ids, ('id', 'number', 'tracklet'))
        if on_conflict == 'error':
            refuse_known(list(there))
        keep = [row for row in range(len(ids)) if on_conflict != 'keep' or ids[row] not in there]
        touched = {row['tracklet'] for row in there.values() if row['tracklet']} if on_conflict == 'replace' else set()
        self._insert(features, new, keep)
        self._pool(touched | {name for row in keep if (name := new.tracklet[row])})
        return len(keep)

    def _insert(self, features: FeatureSet, new: NewRows, rows: Sequence[int], mean: bool = False) -> None:
        parts, captioned = (features.parts @ WEIGHTS).tolist(), features.captioned.tolist()
        plain = features.features if features.text_free is None else features.text_free
        self.collection.insert(
            [
                {
                    **{name: column[row] for name, column in vars(new).items()},
                    'id': features.ids[row],
                    'source': features.sources[row] if features.sources else '',
                    'parts': parts[row],
                    'is_mean': mean,
                    'captioned': captioned[row],
                    'plain': plain[row].tolist(),
                    'text': features.features[row].tolist(),
                }
                for row in rows
            ]
        )

    def _pool(self, tracklets: set[str]) -> None:
        for name in sorted(tracklets):
            mean_id = MEAN_PREFIX + name
            rows = self.collection.rows(f'tracklet == {quote(name)} and is_mean == false', (*SCALARS, 'plain', 'text'))
            self.collection.delete(f'id == {quote(mean_id)} and is_mean == true')
            if not rows:
                continue
            entries, features = self._with_features(rows)
            entry, mean = pool_tracklet(name, entries, features)
            new = NewRows([entry.identity], [entry.camera], [entry.time], [name], [read_extra(entry.extra)])
            self._insert(mean, new, [0], mean=True)

    def _delete(self, ids: Sequence[str] | None, filters: Filters) -> int:
        condition = all_of('is_mean == false', filter_expression(filters))
        rows = self.collection.rows(condition, ('id', 'number', 'tracklet'))
        if ids is not None:
            wanted = set(ids)
            rows = [row for row in rows if row['id'] in wanted]
        self.collection.delete_ids([row['id'] for row in rows])
        self._pool({row['tracklet'] for row in rows if row['tracklet']})
        return len(rows)

    def compact(self) -> None:
        """Ask the server to compact."""
        self.collection.compact()

    def set_thresholds(self, thresholds: Mapping[str, Mapping[str, float]]) -> None:
        """Store thresholds; see :meth:`Gallery.set_thresholds`."""
        self.collection.note('thresholds', check_thresholds(thresholds))

    def fit_transform(self, dim: int | None = None, *, again: bool = False) -> Centring:
        """Centre the features that candidates are scored by; see :meth:`Gallery.fit_transform`.

        The server keeps the features as extracted and finds the candidates by them.

        Raises:
            ConfigError: a ``dim``: the server has the whole features anyway.
        """
        if dim is not None:
            raise ConfigError(f'dim={dim}: on a Milvus server features are centred in their whole width; expected none')
        centring = self._centring(self.collection.notes())
        fitted = fit_gallery(self, None, version=centring.version if centring else 0, again=again)
        self.collection.note('thresholds', {})
        self.collection.note('centring', fitted.to_json())
        return fitted

    def comparable(self, features: FeatureSet) -> FeatureSet:
        """Return features as they are compared; see :meth:`Gallery.comparable`."""
        centring = self._centring(self.collection.notes())
        return features if centring is None else centring.apply(features)

    def _centring(self, notes: Mapping[str, Any]) -> Centring | None:
        value = notes.get('centring')
        return None if value is None else Centring.from_json(value, self.space)

    # --- searching

    def _search(
        self, query: FeatureSet, filters: Filters, *, top: int, min_score: float | None, crops: bool
    ) -> list[list[Hit]]:
        level = 'is_mean == false' if crops else '(is_mean == true or tracklet is null)'
        expression = all_of(level, filter_expression(filters))
        notes = self.collection.notes()
        centring, thresholds = self._centring(notes), notes.get('thresholds', {})
        found = (self._candidates(query.select([row]), top, expression, centring) for row in range(len(query)))
        return [self._rank(rows, query.parts[row], top, min_score, thresholds) for row, rows in enumerate(found)]

    def _candidates(
        self, query: FeatureSet, top: int, expression: str, centring: Centring | None
    ) -> list[dict[str, Any]]:
        """Return the entries near one query, each with its ``score`` and whether it is ``by_text``."""
        fetch = min(max(FETCH_LEAST, FETCH_FACTOR * top), MOST_ROWS)
        plain = (query.features if query.text_free is None else query.text_free)[0]
        found: dict[str, dict[str, Any]] = {}
        groups = [(plain, 'plain', 'captioned == false' if query.captioned[0] else '')]
        if query.captioned[0]:
            groups.append((query.features[0], 'text', 'captioned == true'))
        for vector, field, condition in groups:
            rows = self.collection.nearest(vector, field, all_of(expression, condition), fetch)
            scores = self._scores(vector, query.parts[0], rows, field, centring)
            for row, score in zip(rows, scores):
                found[row['id']] = {**row, 'score': score, 'by_text': field == 'text'}
        return list(found.values())

    def _rank(
        self,
        found: Sequence[dict[str, Any]],
        query_parts: np.ndarray,
        top: int,
        min_score: float | None,
        thresholds: Mapping[str, Any],
    ) -> list[Hit]:
        least = -np.inf if min_score is None else min_score
        ranked = sorted(found, key=lambda row: (-row['score'], row['number']))
        ranked = [row for row in ranked if np.isfinite(row['score']) and row['score'] >= least]
        hits = []
        for place, row in enumerate(ranked[:top], 1):
            entry = _entry(row)
            shared = tuple(name for name, there in zip(MODALITIES, query_parts) if there and name in entry.parts)
            compared = Comparison(shared, bool(row['by_text']))
            hits.append(Hit(place, row['score'], entry, compared, decide(thresholds, compared, row['score'])))
        return hits

    def _scores(
        self,
        query: np.ndarray,
        query_parts: np.ndarray,
        rows: Sequence[Mapping[str, Any]],
        field: str,
        centring: Centring | None,
    ) -> list[float]:
        """Return the cosine of each row with a query, over what both have."""
        vectors = np.array([query, *(row[field] for row in rows)], np.float32)
        parts = np.array([query_parts, *([bool(row['parts'] & weight) for weight in WEIGHTS] for row in rows)], bool)
        modalities = self.space.modalities
        if centring is not None:
            vectors = (centring.text if field == 'text' else centring.plain).apply(vectors, parts, modalities)
        both, present = torch.from_numpy(vectors), torch.from_numpy(parts)
        return shared_cosine(both[:1], present[:1], both[1:], present[1:], torch.tensor(modalities))[0].tolist()

    # --- reading

    def _rows(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        rows = self.collection.rows_by_id(ids, fields)
        missing = [name for name in ids if name not in rows]
        if missing:
            raise DataError(f'{len(missing)} of {len(ids)} ids are not in the gallery, the first: {missing[0]!r}')
        return [rows[name] for name in ids]

    def get(self, ids: Sequence[str]) -> list[Entry]:
        """Return entries by id; see :meth:`Gallery.get`."""
        return [_entry(row) for row in self._rows(ids, SCALARS)]

    def features(self, ids: Sequence[str]) -> FeatureSet:
        """Return features by id; see :meth:`Gallery.features`."""
        return self._with_features(self._rows(ids, (*SCALARS, 'plain', 'text')))[1]

    def iterate(self, batch: int = 1000) -> Iterator[tuple[list[Entry], FeatureSet]]:
        """Yield all entries; see :meth:`Gallery.iterate`."""
        rows = self.collection.rows('is_mean == false', (*SCALARS, 'plain', 'text'))
        for start in range(0, len(rows), batch):
            yield self._with_features(rows[start : start + batch])

    def _with_features(self, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Entry], FeatureSet]:
        entries = [_entry(row) for row in rows]
        parts = np.array([[name in entry.parts for name in MODALITIES] for entry in entries], bool)
        captioned = np.array([entry.text for entry in entries], bool)
        plain = np.array([row['plain'] for row in rows], np.float32)
        features = FeatureSet(
            self.space,
            [entry.id for entry in entries],
            np.array([row['text'] for row in rows], np.float32),
            parts,
            parts & captioned[:, None],
            plain if captioned.any() else None,
            [entry.source for entry in entries],
        )
        return entries, features

    def count(self) -> int:
        """Return the number of entries; see :meth:`Gallery.count`."""
        return self.collection.count('is_mean == false')

    def stats(self) -> dict[str, Any]:
        """Return the numbers of what is there; the bytes on disk are the server's to tell."""
        fields = ('number', 'identity', 'camera', 'tracklet', 'captioned', 'parts')
        rows = self.collection.rows('is_mean == false', fields)
        known = {name: {row[name] for row in rows} - {None} for name in ('identity', 'camera', 'tracklet')}
        return {
            'entries': len(rows),
            'identities': len(known['identity']),
            'cameras': len(known['camera']),
            'tracklets': len(known['tracklet']),
            'captioned': sum(row['captioned'] for row in rows),
            'incomplete': sum(row['parts'] != sum(WEIGHTS) for row in rows),
            'model': self.space.model,
            'centring': self.collection.notes().get('centring', {}).get('version', 0),
        }

    def close(self) -> None:
        """Close the connection."""
        self.collection.close()


def _entry(row: Mapping[str, Any]) -> Entry:
    parts = tuple(name for bit, name in enumerate(MODALITIES) if row['parts'] >> bit & 1)
    return Entry(
        row['id'],
        row['identity'],
        row['camera'],
        row['time'],
        row['tracklet'],
        row['source'],
        parts,
        bool(row['captioned']),
        json.loads(row['extra']),
    )
