"""Pack captions for a causal text tower so that no padding and no shared beginning is computed
(plain NumPy, no model)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

TOKENS_A_CAPTION = 8
"""A pack has room for one caption for so many tokens: subsets of one caption's sentences, which
share most, still fill it."""


class Pack(NamedTuple):
    """Captions that are encoded together, as a flat list of at most ``budget`` tokens.

    A causal tower's output at a token depends on the tokens up to it alone, so a beginning that
    captions share is listed once.

    Attributes:
        ids: (T,) token ids; T is the budget, the rest is filled with 0.
        positions: (T,) place of each token in its caption.
        paths: (C, L) where the tokens of each caption stand in the list; places behind its
            end-of-text token point at 0.
        sources: (T,) for each token a place in the flattened ``paths`` that points at it.
        ends: (budget // TOKENS_A_CAPTION,) where each caption's end-of-text token stands in the list;
            the rest is filled with 0.
        rows: (C,) which of the captions given these are.
    """

    ids: np.ndarray
    positions: np.ndarray
    paths: np.ndarray
    sources: np.ndarray
    ends: np.ndarray
    rows: np.ndarray


def pack_captions(captions: Sequence[np.ndarray], *, budget: int, context_length: int) -> Iterator[Pack]:
    """Divide captions into packs of at most ``budget`` tokens, beginnings that captions share counted once.

    Args:
        captions: token ids of each caption up to and with its end-of-text token, all different.
        budget: tokens of a pack, at least ``context_length``.
        context_length: the longest caption L.
    """
    order = sorted(range(len(captions)), key=lambda row: captions[row].tolist())  # shared beginnings become neighbours
    chosen: list[int] = []
    shared: list[int] = []
    used = 0
    for row in order:
        common = _common_prefix(captions[chosen[-1]], captions[row]) if chosen else 0
        if used + len(captions[row]) - common > budget or len(chosen) == budget // TOKENS_A_CAPTION:
            yield _pack(captions, chosen, shared, budget, context_length)
            chosen, shared, used, common = [], [], 0, 0
        chosen.append(row)
        shared.append(common)
        used += len(captions[row]) - common
    if chosen:
        yield _pack(captions, chosen, shared, budget, context_length)


def _common_prefix(first: np.ndarray, second: np.ndarray) -> int:
    """Number of tokens at the beginning that two captions share."""
    length = min(len(first), len(second))
    different = np.flatnonzero(first[:length] != second[:length])
    return int(different[0]) if len(different) else length


def _pack(
    captions: Sequence[np.ndarray], chosen: list[int], shared: list[int], budget: int, context_length: int
) -> Pack:
    ids = np.zeros(budget, dtype=np.int64)
    positions = np.zeros(budget, dtype=np.int64)
    sources = np.zeros(budget, dtype=np.int64)
    paths = np.zeros((len(chosen), context_length), dtype=np.int64)
    ends = np.zeros(budget // TOKENS_A_CAPTION, dtype=np.int64)
    used = 0
    for place, (row, common) in enumerate(zip(chosen, shared)):
        caption = captions[row]
        new = slice(used, used + len(caption) - common)
        ids[new] = caption[common:]
        positions[new] = np.arange(common, len(caption))
        sources[new] = place * context_length + positions[new]
        if common:
            paths[place, :common] = paths[place - 1, :common]
        paths[place, common : len(caption)] = np.arange(new.start, new.stop)
        ends[place] = paths[place, len(caption) - 1]
        used = new.stop
    return Pack(ids, positions, paths, sources, ends, np.array(chosen, dtype=np.int64))
