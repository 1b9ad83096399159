"""How far apart the rows of a table of features are: by cosine or Euclidean distance, over whole
features or shared parts."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from next_mm.retrieval.distances import DistanceRows, equal_rows, query_slices, tiled_rows
from next_mm.retrieval.parts import mask_absent, pattern_index, shared_sums, squared_part_lengths

__all__ = [
    'Comparison',
    'CosineComparison',
    'EuclideanComparison',
    'SharedCosineComparison',
    'SharedEuclideanComparison',
    'compare',
]

NOTHING_SHARED = 2.0
"""Stands for the negative cosine of features that share no part: such entries come last."""


class Comparison:
    """How far apart the rows of one table of features are.

    Attributes:
        measure: what the distances are.
        features: (N, F) features.
    """

    measure: ClassVar[Literal['cosine', 'euclidean']] = 'cosine'

    def __init__(self, features: Tensor) -> None:
        self.features = features

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return distances (R, C) that rank, smallest first; they may be negative."""
        raise NotImplementedError

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return squared Euclidean distances (R, C)."""
        raise NotImplementedError

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return squared Euclidean distances (E,) of single pairs of rows, given by (E,) indices."""
        raise NotImplementedError

    def readable(self, order: Tensor) -> Tensor:
        """Turn what :meth:`order` gives into values of :attr:`measure`."""
        raise NotImplementedError

    def equal(self, rows: slice) -> tuple[Tensor, Tensor] | None:
        """Find rows of a slice that compare as an earlier one does; see :func:`equal_rows`."""
        return equal_rows(self.features[rows])

    def rows(self, queries: slice, gallery: slice) -> DistanceRows:
        """Serve the distances of queries to the gallery, both slices of the table, as :meth:`order` gives them."""

        def block(rows: slice) -> Tensor:
            return self.order(slice(queries.start + rows.start, queries.start + rows.stop), gallery)

        return tiled_rows(block, queries.stop - queries.start, gallery.stop - gallery.start, self.equal(gallery))


class CosineComparison(Comparison):
    """Cosine similarity.

    Args:
        features: (N, F) L2-normalised features.
    """

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the negative cosine (R, C)."""
        return (self.features[rows] @ self.features[columns].T).neg_()

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return ``2 - 2 cosine`` (R, C)."""
        return self.order(rows, columns).mul_(2).add_(2).clamp_(min=0)

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``2 - 2 cosine`` (E,) of single pairs."""
        return (self.features[left] * self.features[right]).sum(dim=1).mul_(-2).add_(2).clamp_(min=0)

    def readable(self, order: Tensor) -> Tensor:
        """Return the cosine."""
        return -order


class EuclideanComparison(Comparison):
    """Euclidean distance of features as they are.

    Args:
        features: (N, F) features.
    """

    measure = 'euclidean'

    def __init__(self, features: Tensor) -> None:
        super().__init__(features)
        self.norms = torch.cat([features[part].square().sum(dim=1) for part in query_slices(*features.shape)])

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the squared distance (R, C)."""
        products = self.features[rows] @ self.features[columns].T
        return products.mul_(-2).add_(self.norms[rows][:, None]).add_(self.norms[columns]).clamp_(min=0)

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return the squared distance (R, C)."""
        return self.order(rows, columns)

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the squared distance (E,) of single pairs."""
        return (self.features[left] - self.features[right]).square().sum(dim=1)

    def readable(self, order: Tensor) -> Tensor:
        """Return the distance."""
        return order.sqrt()


class _Shared:
    """What pairs of rows share: their modalities, and the width of the parts of these.

    Attributes:
        patterns: (N,) which modalities each row has, see :func:`next_mm.retrieval.parts.pattern_index`.
        squares: (N, 8) the squared length of each row over what it shares with each pattern.
        widths: (8,) dimensions of the parts that each pattern has, those of several modalities included.
        apart: whether there are rows that share nothing.
    """

    def __init__(self, features: Tensor, present: Tensor, modalities: Tensor) -> None:
        parts = list(query_slices(*features.shape))
        for part in parts:
            features[part] = mask_absent(features[part], present[part], modalities)
        self.squares = shared_sums(torch.cat([squared_part_lengths(features[part], modalities) for part in parts]))
        self.patterns = pattern_index(present)
        self.widths = shared_sums(squared_part_lengths(torch.ones_like(features[:1]), modalities)).squeeze(0)
        patterns = self.patterns.unique()
        self.apart = bool((self.widths[patterns[:, None] & patterns] == 0).any())

    def block(self, values: Tensor, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """Look up values (N, 8), by pattern of the other row, for rows and for columns: two (R, C)."""
        left, right = self.patterns[rows], self.patterns[columns]
        return values[rows].index_select(1, right), values[columns].T.contiguous()[left]

    def pairs(self, values: Tensor, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Look up values (N, 8), by pattern of the other row, for single pairs: two (E,)."""
        return values[left, self.patterns[right]], values[right, self.patterns[left]]

    def width(self, rows: slice, columns: slice) -> Tensor:
        """Return the width of what rows and columns share, (R, C)."""
        return self.widths[self.patterns[rows][:, None] & self.patterns[columns]]

    def pair_width(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the width of what single pairs share, (E,)."""
        return self.widths[self.patterns[left] & self.patterns[right]]


class SharedCosineComparison(CosineComparison):
    """Cosine similarity over the parts that both rows have; rows that share none are farther apart than all others.

    Args:
        features: (N, F) features; the parts of absent modalities are zeroed in place.
        present: (N, 3) bool, which modalities exist.
        modalities: (F,) the modality of each dimension, -1 for several.
    """

    def __init__(self, features: Tensor, present: Tensor, modalities: Tensor) -> None:
        super().__init__(features)
        self.shared = _Shared(features, present, modalities)
        self._inverse = self.shared.squares.rsqrt().nan_to_num_(
            posinf=0
        )  # a part of length zero counts as at right angles

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the negative cosine (R, C)."""
        left, right = self.shared.block(self._inverse, rows, columns)
        cosine = super().order(rows, columns).mul_(left).mul_(right)
        return (
            cosine.masked_fill_(self.shared.width(rows, columns) == 0, NOTHING_SHARED) if self.shared.apart else cosine
        )

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``2 - 2 cosine`` (E,) of single pairs."""
        lengths = self.shared.pairs(self._inverse, left, right)
        cosine = (self.features[left] * self.features[right]).sum(dim=1).neg_().mul_(lengths[0]).mul_(lengths[1])
        return (
            cosine.masked_fill_(self.shared.pair_width(left, right) == 0, NOTHING_SHARED).mul_(2).add_(2).clamp_(min=0)
        )

    def readable(self, order: Tensor) -> Tensor:
        """Return the cosine; minus infinity where nothing is shared."""
        return torch.where(order == NOTHING_SHARED, -torch.inf, -order)

    def equal(self, rows: slice) -> tuple[Tensor, Tensor] | None:
        """Find rows with the features and the modalities of an earlier one."""
        return equal_rows(self.features[rows], self.shared.patterns[rows])


class SharedEuclideanComparison(EuclideanComparison):
    """Euclidean distance over the parts that both rows have, scaled up to the width of the whole feature.

    Rows that share none are farther apart than all others.

    Args:
        features: (N, F) features; the parts of absent modalities are zeroed in place.
        present: (N, 3) bool, which modalities exist.
        modalities: (F,) the modality of each dimension, -1 for several.
    """

    def __init__(self, features: Tensor, present: Tensor, modalities: Tensor) -> None:
        self.shared = _Shared(features, present, modalities)
        super().__init__(features)
        narrowest = self.shared.widths[self.shared.widths > 0].min()
        self.farthest = float(4 * self.norms.max() * features.shape[1] / narrowest + 1)  # no two rows are as far apart

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the squared distance (R, C)."""
        products = self.features[rows] @ self.features[columns].T
        squares = self.shared.block(self.shared.squares, rows, columns)
        return self._squared(products, *squares, self.shared.width(rows, columns))

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the squared distance (E,) of single pairs."""
        products = (self.features[left] * self.features[right]).sum(dim=1)
        squares = self.shared.pairs(self.shared.squares, left, right)
        return self._squared(products, *squares, self.shared.pair_width(left, right))

    def readable(self, order: Tensor) -> Tensor:
        """Return the distance; infinity where nothing is shared."""
        return torch.where(order == self.farthest, torch.inf, order.sqrt())

    def equal(self, rows: slice) -> tuple[Tensor, Tensor] | None:
        """Find rows with the features and the modalities of an earlier one."""
        return equal_rows(self.features[rows], self.shared.patterns[rows])

    def _squared(self, products: Tensor, left: Tensor, right: Tensor, width: Tensor) -> Tensor:
        squared = products.mul_(-2).add_(left).add_(right).clamp_(min=0)
        scaled = squared.mul_(self.features.shape[1]).div_(width.clamp(min=1))
        return scaled.masked_fill_(width == 0, self.farthest)


def compare(
    features: Tensor, *, measure: str = 'cosine', present: Tensor | None = None, modalities: Tensor | None = None
) -> Comparison:
    """Compare the rows of a table of features.

    Over the parts that both rows have where a part of some row is absent, else over whole features.

    Args:
        features: (N, F) features; changed in place.
        measure: ``'cosine'`` or ``'euclidean'``.
        present: (N, 3) bool, which modalities exist; None compares whole features.
        modalities: (F,) the modality of each dimension, -1 for several; None compares whole features.
    """
    shared = present is not None and modalities is not None and lacks_parts(present, modalities)
    if measure == 'euclidean':
        return SharedEuclideanComparison(features, present, modalities) if shared else EuclideanComparison(features)
    if shared:
        return SharedCosineComparison(features, present, modalities)
    return CosineComparison(normalize(features, dim=1, out=features))


def lacks_parts(present: Tensor, modalities: Tensor) -> bool:
    """Return whether a feature lacks a part: one that belongs to a modality which is absent."""
    owned = [modality for modality in range(present.shape[1]) if bool((modalities == modality).any())]
    return not bool(present[:, owned].all())
