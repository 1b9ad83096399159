"""The Milvus collection behind a gallery: connection, schema, notes, and rows by condition or nearness."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.milvus_language import all_of, id_among
from next_mm.retrieval.feature_set import FeatureSpace

__all__ = ['MOST_ROWS', 'SCALARS', 'MilvusCollection']

TOKEN = 'NEXT_MM_MILVUS_TOKEN'
MOST_ROWS = 16384
"""Rows that Milvus gives at once, at most."""
PAGE = 10_000
BATCH = 500
SCALARS = ('number', 'id', 'identity', 'camera', 'time', 'tracklet', 'is_mean', 'source', 'parts', 'captioned', 'extra')


class MilvusCollection:
    """Rows of scalar fields and two vectors: ``plain``, without captions, and ``text``, with them.

    Args:
        uri: ``http://host:19530/collection``; a token comes from the environment (``NEXT_MM_MILVUS_TOKEN``).
        space: the feature space; needed to create.
        create: create a collection that does not exist.

    Raises:
        ConfigError: pymilvus is not installed, or the address names no collection.
        DataError: the server does not answer, or there is no such collection.
    """

    def __init__(self, uri: str, space: FeatureSpace | None, *, create: bool) -> None:
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
        self.space = FeatureSpace.from_json(self.notes()['space'])
        self.client.load_collection(self.name)

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
        self.note('space', space.to_json())
        self.client.create_collection(self.name, schema=schema, index_params=index, consistency_level='Strong')

    def note(self, key: str, value: Any) -> None:
        """Keep a JSON value beside the rows."""
        self.client.upsert(f'{self.name}_meta', [{'key': key, 'value': json.dumps(value), 'unused': [0.0, 0.0]}])

    def notes(self) -> dict[str, Any]:
        """Return the values that are kept beside the rows."""
        self.client.load_collection(f'{self.name}_meta')
        rows = self.client.query(f'{self.name}_meta', filter='key != ""', output_fields=['key', 'value'], limit=100)
        return {row['key']: json.loads(row['value']) for row in rows}

    def insert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, or replace those with the same ids; each gets the next number."""
        first = self.notes().get('next', 0)
        self.note('next', first + len(rows))
        numbered = [{**row, 'number': first + place} for place, row in enumerate(rows)]
        for start in range(0, len(rows), BATCH):
            self.client.upsert(self.name, numbered[start : start + BATCH])

    def delete(self, condition: str) -> None:
        """Delete the rows that a condition holds for."""
        self.client.delete(self.name, filter=condition)

    def delete_ids(self, ids: Sequence[str]) -> None:
        """Delete rows by id."""
        for start in range(0, len(ids), BATCH):
            self.delete(id_among(ids[start : start + BATCH]))

    def rows(self, condition: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return the fields of all rows that a condition holds for, in the order of adding."""
        rows: list[dict[str, Any]] = []
        for start in range(0, self.notes().get('next', 0), PAGE):  # the client's own iterator does not quote ids
            page = f'number >= {start} and number < {start + PAGE}'
            rows += self.client.query(self.name, filter=all_of(page, condition), output_fields=list(fields), limit=PAGE)
        return sorted(rows, key=lambda row: row['number'])

    def rows_by_id(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the fields of the rows that have one of the ids, by id."""
        rows: list[dict[str, Any]] = []
        for start in range(0, len(ids), BATCH):
            chosen = id_among(ids[start : start + BATCH])  # the client's own look-up by id does not quote
            rows += self.client.query(self.name, filter=chosen, output_fields=list(fields), limit=MOST_ROWS)
        return {row['id']: row for row in rows}

    def nearest(self, vector: np.ndarray, field: str, condition: str, limit: int) -> list[Mapping[str, Any]]:
        """Return the rows whose vector ``field`` has the largest product with a vector (D,), and that field."""
        found = self.client.search(
            self.name,
            data=[vector.tolist()],
            anns_field=field,
            filter=condition,
            limit=limit,
            output_fields=[*SCALARS, field],
        )[0]
        return [row['entity'] for row in found]

    def count(self, condition: str) -> int:
        """Return for how many rows a condition holds."""
        (row,) = self.client.query(self.name, filter=condition, output_fields=['count(*)'])
        return int(row['count(*)'])

    def compact(self) -> None:
        """Ask the server to compact."""
        self.client.flush(self.name)
        self.client.compact(self.name)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()
