"""Centre features, so that a person can read their cosines: subtract the mean, and optionally keep the main directions.

Features of one model lie in a narrow cone, and their cosines are all near to 1. With the mean of many features taken
away, the cosine of two unrelated ones lies near 0. Each modality is centred and reduced by itself, so that features
with absent modalities stay comparable over what both have.

The directions are those of the largest variance (principal components), without scaling.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from next_mm.errors import DataError
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.retrieval.parts import mask_absent, squared_part_lengths
from next_mm.triplet import NUM_MODALITIES

__all__ = ['Centring', 'MeanAndBasis', 'fit_centring']

MIN_ROWS = 100
ROWS_PER_DIM = 20
"""Rows that a mean, and that each dimension that is kept, needs: 256 dimensions need about 5,000."""


@dataclass(frozen=True)
class MeanAndBasis:
    """What is subtracted from a feature, and onto what the rest is projected.

    Attributes:
        mean: (F,) float32, of unit features with all modalities.
        shares: (4,) float32, mean squared length of each modality's part, the last of those of several; their sum is 1.
        basis: (F, K) float32, zero where a row and a column belong to different modalities; ``None`` keeps all.
    """

    mean: np.ndarray
    shares: np.ndarray
    basis: np.ndarray | None

    def apply(self, features: np.ndarray, parts: np.ndarray, modalities: tuple[int, ...]) -> np.ndarray:
        """Return unit features, centred.

        Args:
            features: (N, F) unit features, zero in absent parts.
            parts: (N, 3) bool.
            modalities: (F,) modality of each dimension, -1 for several.

        Returns:
            (N, K) float32, zero in absent parts.
        """
        present, owners = torch.from_numpy(parts), torch.tensor(modalities)
        rows = _rescaled(torch.from_numpy(features).float(), present, torch.from_numpy(self.shares))
        rows = mask_absent(rows - torch.from_numpy(self.mean), present, owners)
        if self.basis is not None:
            rows = rows @ torch.from_numpy(self.basis)
        return torch.nn.functional.normalize(rows, dim=1).numpy()


@dataclass(frozen=True)
class Centring:
    """Brings features of one space into the space in which they are compared.

    Attributes:
        space: the space of the features as extracted.
        modalities: (K,) modality of each dimension of the centred features.
        plain: for features without captions.
        text: for those with captions; ``plain`` again where too few entries had any.
        entries: how many entries it was fitted to.
        version: counts the fits of one gallery.
    """

    space: FeatureSpace
    modalities: tuple[int, ...]
    plain: MeanAndBasis
    text: MeanAndBasis
    entries: int
    version: int

    @cached_property
    def target(self) -> FeatureSpace:
        """The space of the centred features."""
        digest = hashlib.sha256(f'{self.space.digest} centred {self.version}'.encode())
        for array in (self.plain.mean, self.plain.basis, self.text.mean, self.text.basis):
            digest.update(b'' if array is None else array.tobytes())
        return FeatureSpace(self.space.model, digest.hexdigest(), self.modalities)

    def apply(self, features: FeatureSet) -> FeatureSet:
        """Return the centred features of a set."""
        plain = features.features if features.text_free is None else features.text_free
        both, free = self.apply_rows(features.features, plain, features.parts, features.captioned)
        return FeatureSet(
            self.target,
            features.ids,
            both,
            features.parts,
            features.has_text,
            free if features.captioned.any() else None,
            features.sources,
            features.errors,
        )

    def apply_rows(
        self, features: np.ndarray, text_free: np.ndarray, parts: np.ndarray, captioned: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, K) centred features, with and without captions.

        Args:
            features: (N, F) with captions, where there are any.
            text_free: (N, F) without captions.
            parts: (N, 3) bool.
            captioned: (N,) bool.
        """
        free = self.plain.apply(text_free, parts, self.space.modalities)
        if not captioned.any():
            return free, free
        both = free.copy()
        both[captioned] = self.text.apply(features[captioned], parts[captioned], self.space.modalities)
        return both, free

    def to_json(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_json` reads; arrays as base64 of little-endian float32."""
        both = {name: {key: _encode(value) for key, value in vars(getattr(self, name)).items()} for name in KINDS}
        kept = None if self.plain.basis is None else list(self.modalities)
        return {'version': self.version, 'entries': self.entries, 'modalities': kept, **both}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], space: FeatureSpace) -> Centring:
        """Return what :meth:`to_json` wrote."""
        kept = space.modalities if value['modalities'] is None else tuple(map(int, value['modalities']))
        both = [MeanAndBasis(**{key: _decode(text) for key, text in value[name].items()}) for name in KINDS]
        both = [
            MeanAndBasis(one.mean, one.shares, None if one.basis is None else one.basis.reshape(space.dim, len(kept)))
            for one in both
        ]
        return cls(space, kept, both[0], both[1], int(value['entries']), int(value['version']))


KINDS = ('plain', 'text')


def fit_centring(features: FeatureSet, *, dim: int | None, version: int) -> Centring:
    """Find mean and main directions.

    Args:
        features: as many as possible, of many identities.
        dim: width of the centred features, shared out over the modalities by their width; ``None`` keeps all.
        version: see :class:`Centring`.

    Raises:
        DataError: too few features for this width, all alike, or a width that cannot be had.
    """
    space, count = features.space, len(features)
    needed = MIN_ROWS if dim is None else max(MIN_ROWS, ROWS_PER_DIM * dim)
    if dim is not None and not NUM_MODALITIES + 1 <= dim < space.dim:
        raise DataError(f'dim={dim}: expected {NUM_MODALITIES + 1} to {space.dim - 1}, or none for all {space.dim}')
    if count < needed:
        what = 'centring' if dim is None else f'centring to {dim} dimensions'
        hint = '' if dim is None else f', or a dim of at most {count // ROWS_PER_DIM}, or none'
        raise DataError(f'{what} needs {needed:,} entries{hint}; there are {count:,}')
    plain = features.features if features.text_free is None else features.text_free
    widths = _widths(space.modalities, dim)
    modalities = space.modalities if dim is None else tuple(owner for owner, width in widths for _ in range(width))
    fitted = _fit(plain, features.parts, space.modalities, widths if dim else None)
    rows = features.captioned
    text = fitted
    if rows.sum() >= needed:
        text = _fit(features.features[rows], features.parts[rows], space.modalities, widths if dim else None)
    return Centring(space, modalities, fitted, text, count, version)


def _widths(modalities: tuple[int, ...], dim: int | None) -> list[tuple[int, int]]:
    """Return each modality that has dimensions with how many of ``dim`` it keeps."""
    owners = sorted(set(modalities))
    sizes = np.array([modalities.count(owner) for owner in owners])
    if dim is None:
        return list(zip(owners, sizes.tolist()))
    ends = np.round(np.cumsum(sizes) * dim / sizes.sum()).astype(int)
    return [(owner, max(int(width), 1)) for owner, width in zip(owners, np.diff(ends, prepend=0))]


def _fit(
    features: np.ndarray, parts: np.ndarray, modalities: tuple[int, ...], widths: list[tuple[int, int]] | None
) -> MeanAndBasis:
    rows, present, owners = torch.from_numpy(features).float(), torch.from_numpy(parts), torch.tensor(modalities)
    complete = present.all(dim=1)
    if complete.sum() >= MIN_ROWS:
        shares = squared_part_lengths(rows[complete], owners).mean(dim=0)
    else:  # each part as long as it is wide
        shares = torch.bincount(owners.remainder(NUM_MODALITIES + 1), minlength=NUM_MODALITIES + 1).float()
    shares /= shares.sum()
    rows = _rescaled(rows, present, shares)
    has = mask_absent(torch.ones_like(rows), present, owners)
    mean = rows.sum(dim=0) / has.sum(dim=0).clamp(min=1)
    centred = (rows - mean) * has
    if not bool(centred.abs().max() > 1e-6):
        raise DataError('all features are alike: there is nothing to centre')
    basis = None if widths is None else _basis(centred, owners, widths)
    return MeanAndBasis(mean.numpy(), shares.numpy(), None if basis is None else basis.numpy())


def _basis(centred: Tensor, owners: Tensor, widths: list[tuple[int, int]]) -> Tensor:
    """Return (F, K) the main directions of each modality's part."""
    basis = torch.zeros(len(owners), sum(width for _, width in widths))
    start = 0
    for owner, width in widths:
        place = (owners == owner).nonzero().flatten()
        part = centred[:, place]
        _, vectors = torch.linalg.eigh((part.T @ part).double())  # ascending
        basis[place, start : start + width] = vectors[:, -width:].flip(1).float()
        start += width
    return basis


def _rescaled(features: Tensor, present: Tensor, shares: Tensor) -> Tensor:
    """Give features with absent parts the length that their parts have in a feature with all."""
    several = torch.ones_like(present[:, :1])
    lengths = (torch.cat([present, several], dim=1) * shares).sum(dim=1, keepdim=True).sqrt()
    return features * lengths


def _encode(array: np.ndarray | None) -> str | None:
    return None if array is None else base64.b64encode(array.astype('<f4').tobytes()).decode()


def _decode(text: str | None) -> np.ndarray | None:
    return None if text is None else np.frombuffer(base64.b64decode(text), '<f4').copy()
