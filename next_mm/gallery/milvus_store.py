"""A gallery on a Milvus server, for what outgrows one machine's memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.base import Gallery, OnConflict
from next_mm.gallery.decisions import check_thresholds, decide
from next_mm.gallery.new_rows import NewRows, check_conflict, check_ids, refuse_known
from next_mm.gallery.records import (
    Comparison,
    Entry,
    Filters,
    Hit,
    read_extra,
)
from next_mm.gallery.tracklets import pool_tracklet
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.retrieval.parts import shared_cosine
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['MilvusGallery', 'filter_expression', 'quote']

TOKEN = 'NEXT_MM_MILVUS_TOKEN'
FETCH_LEAST, FETCH_FACTOR, FETCH_MOST = 1000, 20, 16384
"""Candidates that are scored anew where query and entries have other sensors; Milvus gives at most 16,384."""
PAGE = 10_000
WEIGHTS = 2 ** np.arange(NUM_MODALITIES)
SCALARS = ('number', 'id', 'identity', 'camera', 'time', 'tracklet', 'is_mean', 'source', 'parts', 'captioned', 'extra')
MEAN_PREFIX = 'tracklet '


class MilvusGallery(Gallery):
    """Entries in a Milvus collection, compared by cosine.

    Where query and entry have the same sensors, ranking is Milvus's own (exact with a FLAT index). Where they differ,
    the nearest candidates by the plain product are scored anew over the shared parts: the best of at least 1,000, so a
    hit that lies beyond these is missed. Milvus has no transactions over several calls: a replacement that is cut off
    may leave an entry deleted.

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
        try:
            import pymilvus
        except ImportError as error:
            raise ConfigError(f'{uri}: needs pymilvus: pip install "next-mm[search]"') from error
        parts = urlsplit(uri)
        self.name = parts.path.strip('/')
        if not self.name.isidentifier():
            raise ConfigError(
                f'{uri}: expected http://host:port/collection, with a collection name of letters and digits'
            )
        self._milvus = pymilvus
        server = f'{parts.scheme}://{parts.netloc}'
        try:
            self.client = pymilvus.MilvusClient(uri=server, token=os.environ.get(TOKEN, ''))
            exists = self.client.has_collection(self.name)
        except pymilvus.MilvusException as error:
            raise DataError(f'{server}: the Milvus server does not answer: {error.message}') from error
        if not exists:
            if space is None or not create:
                raise DataError(f'{uri}: no gallery there')
            self._create(space)
        meta = self._read_meta()
        self.space = FeatureSpace.from_json(meta['space'])
        if space is not None:
            self.space.check(space)
        self.client.load_collection(self.name)

    # --- the collection

    def _create(self, space: FeatureSpace) -> None:
        kind = self._milvus.DataType
        schema = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field('id', kind.VARCHAR, is_primary=True, max_length=65535)
        schema.add_field('number', kind.INT64)
        for name in ('identity', 'camera', 'tracklet'):
            schema.add_field(name, kind.VARCHAR, max_length=65535, nullable=True)
        schema.add_field('time', kind.DOUBLE, nullable=True)
        schema.add_field('source', kind.VARCHAR, max_length=65535)
        schema.add_field('extra', kind.VARCHAR, max_length=65535)
        schema.add_field('parts', kind.INT64)
        for name in ('is_mean', 'captioned'):
            schema.add_field(name, kind.BOOL)
        for name in ('plain', 'text'):
            schema.add_field(name, kind.FLOAT_VECTOR, dim=space.dim)
        index = self.client.prepare_index_params()
        for name in ('plain', 'text'):
            index.add_index(name, index_type='FLAT', metric_type='IP')
        meta = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
        meta.add_field('key', kind.VARCHAR, is_primary=True, max_length=64)
        meta.add_field('value', kind.VARCHAR, max_length=65535)
        meta.add_field('unused', kind.FLOAT_VECTOR, dim=2)  # a collection needs a vector
        meta_index = self.client.prepare_index_params()
        meta_index.add_index('unused', index_type='FLAT', metric_type='L2')
        self.client.create_collection(
            f'{self.name}_meta', schema=meta, index_params=meta_index, consistency_level='Strong'
        )
        self._write_meta('space', space.to_json())
        self.client.create_collection(self.name, schema=schema, index_params=index, consistency_level='Strong')

    def _write_meta(self, key: str, value: Any) -> None:
        self.client.upsert(f'{self.name}_meta', [{'key': key, 'value': json.dumps(value), 'unused': [0.0, 0.0]}])

    def _read_meta(self) -> dict[str, Any]:
        self.client.load_collection(f'{self.name}_meta')
        rows = self.client.query(f'{self.name}_meta', filter='key != ""', output_fields=['key', 'value'], limit=100)
        return {row['key']: json.loads(row['value']) for row in rows}

    def _query(self, expression: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return all rows that pass an expression, in the order of adding."""
        rows: list[dict[str, Any]] = []
        for start in range(0, self._read_meta().get('next', 0), PAGE):  # the client's own iterator does not quote ids
            page = f'number >= {start} and number < {start + PAGE}'
            rows += self.client.query(
                self.name, filter=_joined(page, expression), output_fields=list(fields), limit=PAGE
            )
        return sorted(rows, key=lambda row: row['number'])

    # --- changing

    def add(
        self,
        features: FeatureSet,
        *,
        identity: object = None,
        camera: object = None,
        time: object = None,
        tracklet: object = None,
        extra: object = None,
        on_conflict: OnConflict = 'error',
    ) -> int:
        """Add entries; see :meth:`Gallery.add`."""
        check_conflict(on_conflict)
        self.space.check(features.space)
        features = features.checked()
        count, ids = len(features), check_ids(features.ids)
        new = NewRows.read(count, identity=identity, camera=camera, time=time, tracklet=tracklet, extra=extra)
        there = {row['id']: row for row in self._by_ids(ids, ('id', 'number', 'tracklet'))}
        if on_conflict == 'error':
            refuse_known(list(there))
        keep = [row for row in range(count) if on_conflict != 'keep' or ids[row] not in there]
        touched = {row['tracklet'] for row in there.values() if row['tracklet']} if on_conflict == 'replace' else set()
        self._insert(features, new, keep)
        self._pool(touched | {name for row in keep if (name := new.tracklet[row])})
        return len(keep)

    def _insert(self, features: FeatureSet, new: NewRows, rows: Sequence[int], mean: bool = False) -> None:
        number = self._read_meta().get('next', 0)
        self._write_meta('next', number + len(rows))
        parts, captioned = (features.parts @ WEIGHTS).tolist(), features.captioned.tolist()
        plain = features.features if features.text_free is None else features.text_free
        data = [
            {
                **{name: column[row] for name, column in vars(new).items()},
                'id': features.ids[row],
                'number': number + place,
                'source': features.sources[row] if features.sources else '',
                'parts': parts[row],
                'is_mean': mean,
                'captioned': captioned[row],
                'plain': plain[row].tolist(),
                'text': features.features[row].tolist(),
            }
            for place, row in enumerate(rows)
        ]
        for start in range(0, len(data), 500):
            self.client.upsert(self.name, data[start : start + 500])

    def _pool(self, tracklets: set[str]) -> None:
        for name in sorted(tracklets):
            mean_id = MEAN_PREFIX + name
            rows = self._query(f'tracklet == {quote(name)} and is_mean == false', (*SCALARS, 'plain', 'text'))
            self.client.delete(self.name, filter=f'id == {quote(mean_id)} and is_mean == true')
            if not rows:
                continue
            entries, features = self._with_features(rows)
            entry, mean = pool_tracklet(name, entries, features)
            new = NewRows([entry.identity], [entry.camera], [entry.time], [name], [read_extra(entry.extra)])
            self._insert(mean, new, [0], mean=True)

    def delete(
        self,
        ids: Sequence[str] | None = None,
        *,
        identity: object = None,
        camera: object = None,
        not_camera: object = None,
        tracklet: object = None,
        after: object = None,
        before: object = None,
    ) -> int:
        """Delete entries; see :meth:`Gallery.delete`. When the server frees the bytes is the server's matter."""
        filters = Filters.make(
            identity=identity, camera=camera, not_camera=not_camera, tracklet=tracklet, after=after, before=before
        )
        if ids is None and not filters.given():
            raise DataError('delete: expected ids or at least one filter, got neither; nothing was deleted')
        rows = self._query(_joined('is_mean == false', filter_expression(filters)), ('id', 'number', 'tracklet'))
        if ids is not None:
            wanted = set(ids)
            rows = [row for row in rows if row['id'] in wanted]
        for start in range(0, len(rows), 500):
            self.client.delete(self.name, filter=_among([row['id'] for row in rows[start : start + 500]]))
        self._pool({row['tracklet'] for row in rows if row['tracklet']})
        return len(rows)

    def compact(self) -> None:
        """Ask the server to compact; see :meth:`delete`."""
        self.client.flush(self.name)
        self.client.compact(self.name)

    def set_thresholds(self, thresholds: Mapping[str, Mapping[str, float]]) -> None:
        """Store thresholds; see :meth:`Gallery.set_thresholds`."""
        self._write_meta('thresholds', check_thresholds(thresholds))

    # --- searching

    def search(
        self,
        features: FeatureSet,
        *,
        top: int = 10,
        camera: object = None,
        not_camera: object = None,
        after: object = None,
        before: object = None,
        identity: object = None,
        min_score: float | None = None,
        crops: bool = False,
    ) -> list[list[Hit]]:
        """Rank the entries for each query; see :meth:`Gallery.search`."""
        self.space.check(features.space)
        if not isinstance(top, int) or isinstance(top, bool) or top < 1:
            raise DataError(f'top={top!r}: expected a whole number from 1')
        filters = Filters.make(camera=camera, not_camera=not_camera, after=after, before=before, identity=identity)
        level = 'is_mean == false' if crops else '(is_mean == true or tracklet is null)'
        expression = _joined(level, filter_expression(filters))
        query, thresholds = features.checked(), self._read_meta().get('thresholds', {})
        return [self._rank(query.select([row]), top, expression, min_score, thresholds) for row in range(len(query))]

    def _rank(
        self, query: FeatureSet, top: int, expression: str, min_score: float | None, thresholds: Mapping[str, Any]
    ) -> list[Hit]:
        complete = bool(query.parts.all())
        fetch = min(max(FETCH_LEAST, FETCH_FACTOR * top), FETCH_MOST)
        plain = (query.features if query.text_free is None else query.text_free)[0]
        found: dict[str, dict[str, Any]] = {}
        groups = [(plain, 'plain', 'captioned == false' if query.captioned[0] else '')]
        if query.captioned[0]:
            groups.append((query.features[0], 'text', 'captioned == true'))
        for vector, field, condition in groups:
            rows = self.client.search(
                self.name,
                data=[vector.tolist()],
                anns_field=field,
                filter=_joined(expression, condition),
                limit=fetch,
                output_fields=[*SCALARS, field],
            )[0]
            for row in rows:
                entity = row['entity']
                score = self._score(vector, query.parts[0], np.asarray(entity.pop(field), np.float32), entity['parts'])
                found[entity['id']] = {**entity, 'score': score, 'by_text': field == 'text'}
        ranked = sorted(found.values(), key=lambda row: (-row['score'], row['number']))
        ranked = [
            row for row in ranked if np.isfinite(row['score']) and (min_score is None or row['score'] >= min_score)
        ]
        hits = []
        for place, row in enumerate(ranked[:top], 1):
            entry = _entry(row)
            shared = tuple(name for name, there in zip(MODALITIES, query.parts[0]) if there and name in entry.parts)
            compared = (
                Comparison(shared, bool(row['by_text']))
                if not complete
                else Comparison(entry.parts, bool(row['by_text']))
            )
            hits.append(Hit(place, row['score'], entry, compared, decide(thresholds, compared, row['score'])))
        return hits

    def _score(self, query: np.ndarray, query_parts: np.ndarray, value: np.ndarray, parts: int) -> float:
        present = torch.tensor([[bool(parts >> bit & 1) for bit in range(NUM_MODALITIES)]])
        modalities = torch.tensor(self.space.modalities)
        both = torch.from_numpy(np.stack([query, value]))
        return float(shared_cosine(both[:1], torch.from_numpy(query_parts[None]), both[1:], present, modalities))

    # --- reading

    def _by_ids(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for start in range(0, len(ids), 500):
            chosen = _among(ids[start : start + 500])  # the client's own look-up by id does not quote
            rows += self.client.query(self.name, filter=chosen, output_fields=list(fields), limit=FETCH_MOST)
        return rows

    def _rows(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        rows = {row['id']: row for row in self._by_ids(ids, fields)}
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
        rows = self._query('is_mean == false', (*SCALARS, 'plain', 'text'))
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
        (row,) = self.client.query(self.name, filter='is_mean == false', output_fields=['count(*)'])
        return int(row['count(*)'])

    def stats(self) -> dict[str, Any]:
        """Return the numbers of what is there; the bytes on disk are the server's to tell."""
        rows = self._query('is_mean == false', ('number', 'identity', 'camera', 'tracklet', 'captioned', 'parts'))
        known = {name: {row[name] for row in rows} - {None} for name in ('identity', 'camera', 'tracklet')}
        return {
            'entries': len(rows),
            'identities': len(known['identity']),
            'cameras': len(known['camera']),
            'tracklets': len(known['tracklet']),
            'captioned': sum(row['captioned'] for row in rows),
            'incomplete': sum(row['parts'] != sum(WEIGHTS) for row in rows),
            'model': self.space.model,
        }

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


def quote(value: str) -> str:
    """Return text as a literal of Milvus's filter language."""
    return json.dumps(value, ensure_ascii=False)


def _among(ids: Sequence[str]) -> str:
    return f'id in [{", ".join(map(quote, ids))}]'


def filter_expression(filters: Filters) -> str:
    """Return filters in Milvus's language; entries of unknown camera pass ``not_camera``, as in the other store."""
    terms = {
        'camera': lambda value: f'camera == {quote(value)}',
        'not_camera': lambda value: f'(camera != {quote(value)} or camera is null)',
        'after': lambda value: f'time >= {value!r}',
        'before': lambda value: f'time < {value!r}',
        'identity': lambda value: f'identity == {quote(value)}',
        'tracklet': lambda value: f'tracklet == {quote(value)}',
    }
    return ' and '.join(terms[name](value) for name, value in filters.given().items())


def _joined(*terms: str) -> str:
    return ' and '.join(term for term in terms if term)


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
