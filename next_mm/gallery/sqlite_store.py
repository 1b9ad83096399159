"""A gallery in a folder: SQLite keeps the entries, memory holds the features, search is exact."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.audit import AuditLine, append_audit, read_audit, verify_audit
from next_mm.gallery.base import Gallery, OnConflict
from next_mm.gallery.centred import centre_rows, fit_gallery
from next_mm.gallery.decisions import check_thresholds, decide
from next_mm.gallery.index import Index, Ranked
from next_mm.gallery.new_rows import NewRows, refuse_known
from next_mm.gallery.records import Comparison, Entry, Filters, Hit, read_extra
from next_mm.gallery.sqlite_file import SQLiteFile
from next_mm.gallery.sqlite_rows import DTYPES, RowTable
from next_mm.gallery.tracklets import pool_tracklet
from next_mm.retrieval.centring import Centring
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['SQLiteGallery']

A_NAME = '(a name)'
"""Stands in the audit log for the identity that a search asked for."""
REBUILD_ABOVE = 0.25
"""Where a larger share of the rows in memory is deleted, the memory is built anew."""


class SQLiteGallery(Gallery):
    """The default store: one SQLite file, several readers, one writer at a time.

    A batch is one transaction that is on disk when :meth:`add` returns. Deleted bytes are overwritten. Another
    process's changes are seen by the next search.

    Args:
        folder: the gallery's folder.
        space: the feature space; needed to create.
        who: name in the audit log.
        create: create a gallery that does not exist.
        dtype: ``'float32'`` or ``'float16'``, of the features on disk and in memory; fixed at creation.
        device: where the features are compared, e.g. ``'cuda'``.

    Raises:
        DataError: see :meth:`Gallery.open`; or the file is no gallery, damaged, or of another version.
    """

    def __init__(
        self,
        folder: Path,
        space: FeatureSpace | None,
        *,
        who: str = 'local',
        create: bool = True,
        dtype: str | None = None,
        device: str = 'cpu',
    ) -> None:
        if dtype is not None and dtype not in DTYPES:
            raise ConfigError(f'dtype={dtype!r}: expected one of {", ".join(DTYPES)}')
        self.who = who
        self.device = device
        new = None if space is None or not create else {'space': space.to_json(), 'dtype': dtype or 'float32'}
        self.file = SQLiteFile(folder, new)
        self.space = FeatureSpace.from_json(self.file.meta('space', None))
        if space is not None:
            self.space.check(space)
        self.dtype = self.file.meta('dtype', None)
        if dtype not in (None, self.dtype):
            raise DataError(f'{self.file.path}: its features are {self.dtype}, not {dtype}')
        self.rows = RowTable(self.space, self.dtype)
        self._lock = threading.RLock()  # of the index
        self._seen = (-1, 0)  # generation and newest number that the index holds
        self._centring: Centring | None = None
        self._start_index(-1)

    # --- changing

    def _add(self, features: FeatureSet, new: NewRows, on_conflict: OnConflict) -> int:
        ids = features.ids
        with self.file.transaction() as db:
            there = self.rows.find(db, ids)
            if on_conflict == 'error':
                refuse_known(list(there))
            keep = [row for row in range(len(ids)) if on_conflict != 'keep' or ids[row] not in there]
            replaced = sorted(there.values()) if on_conflict == 'replace' else []
            tracklets = self.rows.erase(db, replaced)
            self.rows.insert(db, features, new, keep)
            self._pool(db, tracklets | {name for row in keep if (name := new.tracklet[row]) is not None})
            append_audit(db, self.who, 'add', {'added': len(keep), 'replaced': len(replaced)})
        if replaced:
            self.file.empty_log()
        return len(keep)

    def _pool(self, db: sqlite3.Connection, tracklets: set[str]) -> None:
        """Compute the mean of each tracklet anew, from its crops."""
        for name in sorted(tracklets):
            self.rows.erase(db, self.rows.mean_of(db, name))
            crops, features = self.rows.crops_of(db, name)
            if features is None:
                continue
            entry, mean = pool_tracklet(name, crops, features)
            new = NewRows([entry.identity], [entry.camera], [entry.time], [name], [read_extra(entry.extra)])
            self.rows.insert(db, mean, new, [0], is_mean=True)

    def _delete(self, ids: Sequence[str] | None, filters: Filters) -> int:
        with self.file.transaction() as db:
            numbers = self.rows.find_all(db, filters)
            if ids is not None:
                wanted = set(self.rows.find(db, list(ids)).values())
                numbers = [number for number in numbers if number in wanted]
            self._pool(db, self.rows.erase(db, numbers))
            append_audit(db, self.who, 'delete', {'deleted': len(numbers), 'filters': sorted(filters.given())})
        self.file.empty_log()
        return len(numbers)

    def compact(self) -> None:
        """Give disk space back; see :meth:`Gallery.compact`.

        Raises:
            DataError: another process uses the gallery.
        """
        self.file.vacuum()

    def set_thresholds(self, thresholds: Mapping[str, Mapping[str, float]]) -> None:
        """Store thresholds; see :meth:`Gallery.set_thresholds`."""
        checked = check_thresholds(thresholds)
        with self.file.transaction() as db:
            self.file.set_meta('thresholds', checked)
            append_audit(db, self.who, 'thresholds', {'comparisons': sorted(checked)})

    def fit_transform(self, dim: int | None = None, *, again: bool = False) -> Centring:
        """Centre the features; see :meth:`Gallery.fit_transform`."""
        version = self.file.meta('centring_version', 0)
        centring = fit_gallery(self, dim, version=version, again=again)
        with self.file.transaction() as db:
            if self.file.meta('centring_version', 0) != version:
                raise DataError(f'{self.file.path}: another process has centred the gallery meanwhile')
            self.file.set_meta('centring', centring.to_json())
            self.file.set_meta('centring_version', centring.version)
            self.file.set_meta('thresholds', {})  # they belong to other scores
            append_audit(db, self.who, 'centre', {'version': centring.version, 'entries': centring.entries})
        return centring

    def comparable(self, features: FeatureSet) -> FeatureSet:
        """Return features as they are compared; see :meth:`Gallery.comparable`."""
        with self._lock:
            self.refresh()
            return features if self._centring is None else self._centring.apply(features)

    # --- searching

    def _search(
        self, query: FeatureSet, filters: Filters, *, top: int, min_score: float | None, crops: bool
    ) -> list[list[Hit]]:
        with self._lock:
            query = self.comparable(query)
            ranked = self.index.search(
                torch.from_numpy(query.features if query.text_free is None else query.text_free),
                torch.from_numpy(query.features) if query.captioned.any() else None,
                torch.from_numpy(query.parts),
                torch.from_numpy(query.captioned),
                top=top,
                mask=self.index.mask(filters, crops=crops),
                min_score=min_score,
            )
        hits, given = self._hits(ranked), filters.given()
        if 'identity' in given:
            given['identity'] = A_NAME  # so that a deleted identity's name is nowhere; what was found tells whose it is
        with self.file.transaction() as db:
            found = [row.numbers.tolist() for row in ranked]
            append_audit(db, self.who, 'search', {'filters': given, 'found': found})
        return hits

    def refresh(self) -> None:
        """Take up what this or another process has changed since the last search."""
        with self._lock, self.file.snapshot() as db:
            generation = self.file.meta('generation', 0)
            newest = db.execute('SELECT coalesce(max(number), 0) FROM entry').fetchone()[0]
            if self.file.meta('centring_version', 0) != (self._centring.version if self._centring else 0):
                self._centring = Centring.from_json(self.file.meta('centring', None), self.space)
                self._start_index(generation)
            if (generation, newest) == self._seen:
                return
            if generation != self._seen[0] and len(self.index):
                alive = np.array([number for (number,) in db.execute('SELECT number FROM entry')], np.int64)
                if self.index.keep(alive) > REBUILD_ABOVE:
                    self._start_index(generation)
            if not len(self.index):
                self.index.reserve(db.execute('SELECT count(*), coalesce(sum(captioned), 0) FROM entry').fetchone())
            for rows in self.rows.load(db, self._seen[1]):
                self.index.append(rows if self._centring is None else centre_rows(rows, self._centring))
            self._seen = (generation, max(newest, self._seen[1]))

    def _start_index(self, generation: int) -> None:
        dtype = torch.float16 if self.dtype == 'float16' else torch.float32
        modalities = self.space.modalities if self._centring is None else self._centring.modalities
        self.index = Index(torch.tensor(modalities), dtype=dtype, device=self.device)
        self._seen = (generation, 0)

    def _hits(self, ranked: Sequence[Ranked]) -> list[list[Hit]]:
        entries = self.rows.by_number(self.file.db, sorted({int(number) for row in ranked for number in row.numbers}))
        thresholds = self.file.meta('thresholds', {})
        result = []
        for row in ranked:
            hits: list[Hit] = []
            for number, score, parts, text in zip(row.numbers, row.scores, row.parts, row.text):
                entry = entries.get(int(number))
                if entry is None:
                    continue  # deleted by another process since the features were read
                shared = tuple(name for bit, name in enumerate(MODALITIES) if int(parts) >> bit & 1)
                compared = Comparison(shared, bool(text))
                verdict = decide(thresholds, compared, float(score))
                hits.append(Hit(len(hits) + 1, float(score), entry, compared, verdict))
            result.append(hits)
        return result

    # --- reading

    def get(self, ids: Sequence[str]) -> list[Entry]:
        """Return entries by id; see :meth:`Gallery.get`."""
        return self.rows.entries(self.file.db, ids)

    def features(self, ids: Sequence[str]) -> FeatureSet:
        """Return features by id; see :meth:`Gallery.features`."""
        return self.rows.features(self.file.db, ids)

    def iterate(self, batch: int = 1000) -> Iterator[tuple[list[Entry], FeatureSet]]:
        """Yield all entries; see :meth:`Gallery.iterate`."""
        return self.rows.iterate(self.file.db, batch)

    def count(self) -> int:
        """Return the number of entries; see :meth:`Gallery.count`."""
        return self.file.db.execute('SELECT count(*) FROM entry WHERE is_mean=0').fetchone()[0]

    def stats(self) -> dict[str, Any]:
        """Return the numbers of what is there; see :meth:`Gallery.stats`."""
        names = ('entries', 'identities', 'cameras', 'tracklets', 'captioned', 'incomplete')
        row = self.file.db.execute(
            'SELECT count(*), count(DISTINCT identity), count(DISTINCT camera), count(DISTINCT tracklet), '
            'coalesce(sum(captioned), 0), coalesce(sum(parts<>?), 0) FROM entry WHERE is_mean=0',
            (2**NUM_MODALITIES - 1,),
        ).fetchone()
        return {
            **dict(zip(names, row)),
            'bytes': self.file.size(),
            'dtype': self.dtype,
            'model': self.space.model,
            'centring': self.file.meta('centring_version', 0),
        }

    def audit(self) -> list[AuditLine]:
        """Return the audit log.

        Raises:
            DataError: it was changed.
        """
        verify_audit(self.file.db)
        return [self._with_names(line) for line in read_audit(self.file.db)]

    def _with_names(self, line: AuditLine) -> AuditLine:
        """Name the entries that a search found; the log holds their numbers, and deleted ones have no name any more."""
        if 'found' not in line.detail:
            return line
        found = line.detail['found']
        names = self.rows.by_number(self.file.db, sorted({number for row in found for number in row}))
        told = [[names[number].id if number in names else None for number in row] for row in found]
        return replace(line, detail={**line.detail, 'found': told})

    def close(self) -> None:
        """Close the file."""
        self.file.close()
