"""The gallery in memory: features in one tensor, metadata in arrays, exact search under every filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from next_mm.gallery.records import Filters
from next_mm.retrieval.parts import pattern_index, shared_lengths, squared_part_lengths
from next_mm.triplet import NUM_MODALITIES

__all__ = ['Index', 'Ranked', 'Rows']

GATHER_BELOW = 0.25
"""Where a smaller share of the rows passes the filters, their features are gathered before the product."""
ALL_PARTS = 2**NUM_MODALITIES - 1
_BLOCK = 4096
"""Half-precision rows that are float32 at a time: 24 MiB at a width of 1,536. With fewer, threads wait for others."""


@dataclass(frozen=True)
class Rows:
    """Rows to add to the index, in ascending order of ``numbers``; unknown values are ``None`` or NaN."""

    numbers: np.ndarray
    identities: Sequence[str | None]
    cameras: Sequence[str | None]
    tracklets: Sequence[str | None]
    times: np.ndarray
    is_mean: np.ndarray
    parts: np.ndarray
    captioned: np.ndarray
    features: np.ndarray
    text_free: np.ndarray


@dataclass(frozen=True)
class Ranked:
    """The best rows of one query: row numbers and scores, best first, and whether captions were compared."""

    numbers: np.ndarray
    scores: np.ndarray
    parts: np.ndarray
    text: np.ndarray


class _Names:
    """Codes of names; unknown is -1."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def encode(self, names: Sequence[str | None]) -> np.ndarray:
        codes = self.codes
        return np.fromiter(
            (-1 if name is None else codes.setdefault(name, len(codes)) for name in names), np.int32, len(names)
        )

    def find(self, name: str) -> int:
        return self.codes.get(name, -2)


class _Grown:
    """A tensor of rows that grows by doubling."""

    def __init__(self, width: int, dtype: torch.dtype, device: torch.device) -> None:
        self.buffer = torch.empty((0, width), dtype=dtype, device=device)
        self.count = 0

    def reserve(self, count: int) -> None:
        """Make room for this many rows, before there are any."""
        self.buffer = self.buffer.new_empty((count, self.buffer.shape[1]))

    def append(self, rows: Tensor) -> None:
        need = self.count + len(rows)
        if need > len(self.buffer):
            grown = self.buffer.new_empty((max(need, len(self.buffer) * 2 if self.count else need), rows.shape[1]))
            grown[: self.count] = self.buffer[: self.count]
            self.buffer = grown
        self.buffer[self.count : need] = rows.to(self.buffer)
        self.count = need

    @property
    def rows(self) -> Tensor:
        return self.buffer[: self.count]


class Index:
    """All rows of a gallery in memory.

    Two features an entry: without captions (all rows), and with captions (captioned rows). Captioned queries are
    compared with captioned rows by the second, everything else by the first.

    Args:
        modalities: (F,) modality of each dimension, -1 for several.
        dtype: of the features in memory; a float16 product is computed in float32 by blocks.
        device: where the features lie.
    """

    def __init__(self, modalities: Tensor, *, dtype: torch.dtype = torch.float32, device: str = 'cpu') -> None:
        self.device = torch.device(device)
        self.modalities = modalities.to(self.device)
        width = len(modalities)
        self.plain = _Grown(width, dtype, self.device)
        self.text = _Grown(width, dtype, self.device)
        self.plain_lengths = _Grown(2**NUM_MODALITIES, torch.float32, self.device)
        self.text_lengths = _Grown(2**NUM_MODALITIES, torch.float32, self.device)
        self.numbers = np.zeros(0, np.int64)
        self.camera = self.identity = self.tracklet = np.zeros(0, np.int32)
        self.time = np.zeros(0, np.float64)
        self.parts = np.zeros(0, np.uint8)
        self.is_mean = self.captioned = self.alive = np.zeros(0, bool)
        self.text_place = np.zeros(0, np.int64)
        self.names = {'camera': _Names(), 'identity': _Names(), 'tracklet': _Names()}

    def __len__(self) -> int:
        return len(self.numbers)

    def reserve(self, counts: tuple[int, int]) -> None:
        """Make room for a number of rows, and of captioned ones among them, before there are any."""
        for grown, count in ((self.plain, counts[0]), (self.text, counts[1])):
            grown.reserve(count)

    def append(self, rows: Rows) -> None:
        """Add rows behind those that are there."""
        plain = torch.from_numpy(rows.text_free).to(self.device)
        self.plain.append(plain)
        self.plain_lengths.append(self._lengths(plain))
        captioned = torch.from_numpy(rows.features[rows.captioned]).to(self.device)
        place = np.full(len(rows.numbers), -1, np.int64)
        place[rows.captioned] = self.text.count + np.arange(len(captioned))
        self.text.append(captioned)
        self.text_lengths.append(self._lengths(captioned))
        self.numbers = np.concatenate([self.numbers, rows.numbers])
        self.camera = np.concatenate([self.camera, self.names['camera'].encode(rows.cameras)])
        self.identity = np.concatenate([self.identity, self.names['identity'].encode(rows.identities)])
        self.tracklet = np.concatenate([self.tracklet, self.names['tracklet'].encode(rows.tracklets)])
        self.time = np.concatenate([self.time, rows.times])
        self.parts = np.concatenate([self.parts, rows.parts])
        self.is_mean = np.concatenate([self.is_mean, rows.is_mean])
        self.captioned = np.concatenate([self.captioned, rows.captioned])
        self.text_place = np.concatenate([self.text_place, place])
        self.alive = np.concatenate([self.alive, np.ones(len(place), bool)])

    def keep(self, numbers: np.ndarray) -> float:
        """Hide all rows but those of the given numbers; return the share of hidden rows."""
        self.alive = np.isin(self.numbers, numbers)
        return 1 - float(self.alive.mean())

    def _lengths(self, features: Tensor) -> Tensor:
        return shared_lengths(squared_part_lengths(features.float(), self.modalities))

    def mask(self, filters: Filters, *, crops: bool) -> np.ndarray | None:
        """Return (N,) bool of the rows that pass, ``None`` where all do.

        Args:
            filters: the filters.
            crops: search the crops of tracklets; otherwise their means.
        """
        masks = [] if self.alive.all() else [self.alive]
        for name, codes in (('camera', self.camera), ('identity', self.identity), ('tracklet', self.tracklet)):
            value = getattr(filters, name)
            if value is not None:
                masks.append(codes == self.names[name].find(value))
        if filters.not_camera is not None:
            masks.append(self.camera != self.names['camera'].find(filters.not_camera))
        if filters.after is not None:
            masks.append(self.time >= filters.after)
        if filters.before is not None:
            masks.append(self.time < filters.before)
        if crops:
            if self.is_mean.any():
                masks.append(~self.is_mean)
        elif (self.tracklet >= 0).any():
            masks.append(self.is_mean | (self.tracklet < 0))
        if not masks:
            return None
        return np.logical_and.reduce(masks)

    def search(
        self,
        plain: Tensor,
        text: Tensor | None,
        query_parts: Tensor,
        captioned: Tensor,
        *,
        top: int,
        mask: np.ndarray | None,
        min_score: float | None,
    ) -> list[Ranked]:
        """Rank the rows for each query; equal scores in the order of the rows.

        Args:
            plain: (Q, F) query features without captions.
            text: (Q, F) with captions, or ``None`` where no query has captions.
            query_parts: (Q, 3) bool.
            captioned: (Q,) bool.
            top: rows a query at most.
            mask: (N,) bool of the rows that may be found, ``None`` for all.
            min_score: least score.
        """
        passed = len(self) if mask is None else int(mask.sum())
        if not passed:
            empty = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.uint8), np.zeros(0, bool))
            return [empty] * len(plain)
        few = passed < GATHER_BELOW * len(self)  # then their features alone are compared, otherwise all
        places = np.flatnonzero(mask) if few and mask is not None else None
        size = max(2**26 // (passed if few else len(self)), 1)
        patterns = pattern_index(query_parts).numpy()
        ranked = []
        for start in range(0, len(plain), size):
            rows = slice(start, start + size)
            texts = None if text is None else text[rows]
            scores, by_text = self._best_scores(plain[rows], texts, query_parts[rows], captioned[rows], places)
            lines = scores.cpu().numpy()  # from here on one thread is faster than the start of several
            if mask is not None and not few:
                lines[:, ~mask] = -np.inf
            for place, line in enumerate(lines, start):
                shown = by_text & bool(captioned[place])
                ranked.append(self._best(line, places, shown, patterns[place], top, min_score))
        return ranked

    def _best_scores(
        self, plain: Tensor, text: Tensor | None, query_parts: Tensor, captioned: Tensor, places: np.ndarray | None
    ) -> tuple[Tensor, np.ndarray]:
        """Return cosines (Q, M), by captions where both have them, and (M,) which rows have captions."""
        scores = self._scores(plain, query_parts, None, places)
        by_text = np.zeros(scores.shape[1], bool)
        if text is not None and captioned.any():
            by_text = self.captioned if places is None else self.captioned[places]
            if by_text.any():
                into = torch.from_numpy(np.flatnonzero(by_text)).to(self.device)
                others = self._scores(text, query_parts, self.text_place, places)
                for line in captioned.nonzero().flatten().tolist():
                    scores[line, into] = others[line]
        return scores, by_text

    def _scores(
        self, query: Tensor, query_parts: Tensor, text_place: np.ndarray | None, places: np.ndarray | None
    ) -> Tensor:
        """Cosines (Q, M) over shared parts with the rows at ``places`` (all), of the captioned ones
        alone with ``text_place``."""
        if text_place is None:
            matrix, lengths, chosen = self.plain.rows, self.plain_lengths.rows, places
            parts = self.parts if places is None else self.parts[places]
        else:
            keep = np.flatnonzero(self.captioned) if places is None else places[self.captioned[places]]
            matrix, lengths, parts = self.text.rows, self.text_lengths.rows, self.parts[keep]
            chosen = None if len(keep) == len(matrix) else text_place[keep]
        query = query.to(self.device)
        if chosen is not None and len(chosen) < GATHER_BELOW * len(matrix):
            index = torch.from_numpy(chosen).to(self.device)
            dot, lengths = _product(query, matrix[index]), lengths[index]
        else:
            dot = _product(query, matrix)
            if chosen is not None:
                index = torch.from_numpy(chosen).to(self.device)
                dot, lengths = dot[:, index], lengths[index]
        query_patterns = pattern_index(query_parts.to(self.device))
        if bool((query_patterns == ALL_PARTS).all()) and bool((parts == ALL_PARTS).all()):
            return dot  # both have everything: unit features, nothing to correct
        own = self._lengths(query)[:, torch.from_numpy(parts.astype(np.int64)).to(self.device)]
        other = lengths[:, query_patterns].T
        both = own * other
        return torch.where(both > 1e-6, dot / both, -torch.inf)

    def _best(
        self,
        scores: np.ndarray,
        places: np.ndarray | None,
        by_text: np.ndarray,
        pattern: int,
        top: int,
        min_score: float | None,
    ) -> Ranked:
        """Return the best of one query's scores (M,); those of minus infinity are none."""
        last = max(len(scores) - top, 0)
        least = max(np.partition(scores, last)[last], np.finfo(np.float32).min)
        found = np.flatnonzero(scores >= least)
        found = found[np.argsort(-scores[found], kind='stable')][:top]
        values = scores[found]
        if min_score is not None:
            keep = values >= min_score
            found, values = found[keep], values[keep]
        rows = found if places is None else places[found]
        shared = self.parts[rows] & np.uint8(pattern)
        return Ranked(self.numbers[rows], values, shared, by_text[found])


def _product(query: Tensor, matrix: Tensor) -> Tensor:
    """Return query (Q, F) times rows (N, F), (Q, N) float32."""
    if matrix.dtype == torch.float32:
        return query.float() @ matrix.T
    if matrix.device.type != 'cpu':
        return (query.to(matrix.dtype) @ matrix.T).float()
    # A CPU multiplies half precision slowly: a block at a time becomes float32, always in the same memory.
    query, products = query.float(), torch.empty(len(query), len(matrix))
    buffer = torch.empty(min(_BLOCK, len(matrix)), matrix.shape[1])
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK]
        rows = buffer[: len(block)].copy_(block)
        products[:, start : start + _BLOCK] = query @ rows.T
    return products
