"""The interface of a gallery, whatever stores it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.new_rows import NewRows, check_conflict, check_ids
from next_mm.gallery.records import Entry, Filters, Hit
from next_mm.retrieval.centring import Centring
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace

__all__ = ['Gallery', 'OnConflict']

OnConflict = Literal['error', 'replace', 'keep']


class Gallery(ABC):
    """Entries with features of one model that grow, are searched exactly, and can be deleted.

    What a caller says is checked here; a store implements ``_add``, ``_search`` and ``_delete`` with checked arguments.

    Attributes:
        space: the feature space of all entries.
    """

    space: FeatureSpace

    @staticmethod
    def open(
        uri: str | Path, space: FeatureSpace | None = None, *, who: str = 'local', create: bool = True, **options: Any
    ) -> Gallery:
        """Open a gallery, or create it.

        Args:
            uri: a folder, or the address of a Milvus server (``http://host:19530/collection``).
            space: the feature space; needed to create, and checked otherwise.
            who: name that the audit log tells operations by.
            create: create a gallery that does not exist.
            options: further options of the store.

        Raises:
            DataError: the gallery holds features of another model, or does not exist.
            ConfigError: an unknown scheme.
        """
        text = str(uri)
        if text.startswith(('http://', 'https://')):
            from next_mm.gallery.milvus_store import MilvusGallery  # an optional dependency

            return MilvusGallery(text, space, who=who, create=create, **options)
        if '://' in text:
            raise ConfigError(f'gallery {text!r}: expected a folder or an http(s) address of a Milvus server')
        from next_mm.gallery.sqlite_store import SQLiteGallery

        return SQLiteGallery(Path(uri), space, who=who, create=create, **options)

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
        """Add entries, all or none; they are on disk when this returns.

        Args:
            features: the features; their ids become the entries'.
            identity: one name for all rows, or one a row; ``None`` is unknown. Likewise camera, time, tracklet.
            camera: see ``identity``.
            time: seconds since 1970 (UTC), datetime or ISO text.
            tracklet: crops of one tracklet are searched by the mean of their features.
            extra: JSON values, one dictionary for all rows or one a row.
            on_conflict: what to do with ids that are there: refuse all, replace the entry, or keep it.

        Returns:
            How many entries were added or replaced.

        Raises:
            DataError: features of another model, ids that are there or come twice, values that cannot be stored.
        """
        check_conflict(on_conflict)
        self.space.check(features.space)
        features = features.checked()
        check_ids(features.ids)
        new = NewRows.read(len(features), identity=identity, camera=camera, time=time, tracklet=tracklet, extra=extra)
        return self._add(features, new, on_conflict)

    @abstractmethod
    def _add(self, features: FeatureSet, new: NewRows, on_conflict: OnConflict) -> int:
        """Add checked rows, all or none; see :meth:`add`."""

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
        """Rank the entries for each query, exactly; equal scores in the order of adding.

        Captions count where both sides have them; absent modalities are left out on both sides.

        Args:
            features: the queries.
            top: entries a query at most.
            camera: see :class:`Filters`; likewise not_camera, after, before, identity.
            not_camera: see ``camera``.
            after: see ``camera``.
            before: see ``camera``.
            identity: see ``camera``.
            min_score: least cosine similarity.
            crops: search the crops of tracklets instead of their means.

        Raises:
            DataError: features of another model, or a filter that cannot be used.
        """
        self.space.check(features.space)
        if not isinstance(top, int) or isinstance(top, bool) or top < 1:
            raise DataError(f'top={top!r}: expected a whole number from 1')
        filters = Filters.make(camera=camera, not_camera=not_camera, after=after, before=before, identity=identity)
        return self._search(features.checked(), filters, top=top, min_score=min_score, crops=crops)

    @abstractmethod
    def _search(
        self, query: FeatureSet, filters: Filters, *, top: int, min_score: float | None, crops: bool
    ) -> list[list[Hit]]:
        """Rank the entries that pass the filters; see :meth:`search`."""

    @abstractmethod
    def get(self, ids: Sequence[str]) -> list[Entry]:
        """Return entries by id.

        Raises:
            DataError: an id is not there.
        """

    @abstractmethod
    def features(self, ids: Sequence[str]) -> FeatureSet:
        """Return the features of entries, e.g. to search with one of them.

        Raises:
            DataError: an id is not there.
        """

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
        """Delete entries by id, or those that pass all filters; at least one of them must be given.

        Returns:
            How many entries were deleted.

        Raises:
            DataError: neither ids nor filters, or a filter that cannot be used.
        """
        filters = Filters.make(
            identity=identity, camera=camera, not_camera=not_camera, tracklet=tracklet, after=after, before=before
        )
        if ids is None and not filters.given():
            raise DataError('delete: expected ids or at least one filter, got neither; nothing was deleted')
        return self._delete(ids, filters)

    @abstractmethod
    def _delete(self, ids: Sequence[str] | None, filters: Filters) -> int:
        """Delete the entries that pass the filters, of those with ``ids`` where they are given; see :meth:`delete`."""

    @abstractmethod
    def iterate(self, batch: int = 1000) -> Iterator[tuple[list[Entry], FeatureSet]]:
        """Yield all entries with their features, in the order of adding."""

    @abstractmethod
    def count(self) -> int:
        """Return the number of entries; the means of tracklets do not count."""

    @abstractmethod
    def stats(self) -> dict[str, Any]:
        """Return the numbers of entries, identities, cameras, tracklets, captioned and incomplete
        entries, and bytes on disk."""

    @abstractmethod
    def compact(self) -> None:
        """Give disk space back; after it nothing of a deleted entry is left in the store's files."""

    @abstractmethod
    def set_thresholds(self, thresholds: Mapping[str, Mapping[str, float]]) -> None:
        """Store the thresholds by which hits get a verdict.

        Args:
            thresholds: comparison name (:meth:`Comparison.name`) to ``same`` and ``different``, the least score of the
                same and the greatest score of different identities.
        """

    @abstractmethod
    def fit_transform(self, dim: int | None = None, *, again: bool = False) -> Centring:
        """Centre the features of this gallery, so that scores spread out: those of unrelated entries lie near 0.

        Fitted once to a sample of the entries and kept with the gallery; entries that come later are centred by it, and
        nothing is ever fitted anew by itself. Thresholds are dropped, as they belong to other scores: calibrate again.

        Args:
            dim: width of the features that are compared, e.g. 256; ``None`` keeps all.
            again: fit anew where it was fitted before.

        Raises:
            DataError: it was fitted before, or has too few entries.
        """

    @abstractmethod
    def comparable(self, features: FeatureSet) -> FeatureSet:
        """Return features as this gallery compares them: centred, where :meth:`fit_transform` was called."""

    @abstractmethod
    def close(self) -> None:
        """Close the gallery."""

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self.count()
