"""Features with what they are made of: the model's feature space, the sensors and captions of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import torch

from next_mm.errors import DataError
from next_mm.retrieval.parts import mask_absent
from next_mm.triplet import NUM_MODALITIES

__all__ = ['FeatureSet', 'FeatureSpace', 'InputError']


UNIT_LENGTH = 1e-6
"""A length this near to 1 is that of a unit feature in float32."""


@dataclass(frozen=True)
class FeatureSpace:
    """The space that a model's features lie in; features of two spaces cannot be compared.

    Attributes:
        model: the model's name, for people.
        digest: digest of the weights, and of the text encoder where the model reads captions.
        modalities: (F,) the modality that each dimension belongs to, -1 for several.
    """

    model: str
    digest: str
    modalities: tuple[int, ...]

    @property
    def dim(self) -> int:
        """Width F of a feature."""
        return len(self.modalities)

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON values; the modalities run-length coded."""
        runs = [[modality, len(list(run))] for modality, run in groupby(self.modalities)]
        return {'model': self.model, 'digest': self.digest, 'modalities': runs}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FeatureSpace:
        """Return the space that :meth:`to_json` wrote."""
        modalities = tuple(int(modality) for modality, count in value['modalities'] for _ in range(count))
        return cls(str(value['model']), str(value['digest']), modalities)

    def check(self, other: FeatureSpace) -> None:
        """Refuse features of another space.

        Raises:
            DataError: ``other`` is another space.
        """
        if other.digest != self.digest or other.modalities != self.modalities:
            raise DataError(
                f'features of model {other.model!r} ({other.digest[:12]}, {other.dim} wide) cannot be compared with '
                'those of '
                f'model {self.model!r} ({self.digest[:12]}, {self.dim} wide): extract them again with one model'
            )


@dataclass(frozen=True)
class InputError:
    """An input that gave no feature: its id and the reason."""

    id: str
    reason: str


@dataclass(frozen=True)
class FeatureSet:
    """N features of one space.

    Attributes:
        space: the space of the features.
        ids: N unique names.
        features: (N, F) float32 of unit length, zero in the parts of absent modalities.
        parts: (N, 3) bool, which modalities each is made of.
        has_text: (N, 3) bool, of which modalities a caption was read.
        text_free: (N, F) the features without captions, for comparison with rows that have none;
            ``None`` where no row has captions.
        sources: N names of what each is made of (paths), or empty strings.
        errors: the inputs that gave no feature.
    """

    space: FeatureSpace
    ids: Sequence[str]
    features: np.ndarray
    parts: np.ndarray
    has_text: np.ndarray
    text_free: np.ndarray | None = None
    sources: Sequence[str] = ()
    errors: Sequence[InputError] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        count = len(self.ids)
        for name, value, shape in (
            ('features', self.features, (count, self.space.dim)),
            ('parts', self.parts, (count, NUM_MODALITIES)),
            ('has_text', self.has_text, (count, NUM_MODALITIES)),
            ('text_free', self.text_free, (count, self.space.dim)),
        ):
            if value is not None and value.shape != shape:
                raise DataError(f'FeatureSet.{name}: expected shape {shape}, got {value.shape}')
        if self.sources and len(self.sources) != count:
            raise DataError(f'FeatureSet.sources: expected {count}, got {len(self.sources)}')
        if self.text_free is None and self.has_text.any():
            raise DataError('FeatureSet.text_free: expected the features without captions, as some rows have captions')

    @classmethod
    def join(cls, space: FeatureSpace, parts: Sequence[FeatureSet]) -> FeatureSet:
        """Return the rows of several sets of one space as one set."""
        captioned = any(part.text_free is not None for part in parts)
        frees = [part.features if part.text_free is None else part.text_free for part in parts] if captioned else []
        none, nothing = np.zeros((0, NUM_MODALITIES), bool), np.zeros((0, space.dim), np.float32)
        return cls(
            space,
            [name for part in parts for name in part.ids],
            np.concatenate([nothing, *(part.features for part in parts)]),
            np.concatenate([none, *(part.parts for part in parts)]),
            np.concatenate([none, *(part.has_text for part in parts)]),
            np.concatenate([nothing, *frees]) if captioned else None,
            [source for part in parts for source in (part.sources or [''] * len(part))],
            [error for part in parts for error in part.errors],
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def captioned(self) -> np.ndarray:
        """(N,) bool, whether any caption was read."""
        return self.has_text.any(axis=1)

    def checked(self) -> FeatureSet:
        """Return the set with unit features and zeros in absent parts.

        Raises:
            DataError: a feature is not finite or zero, or made of nothing.
        """
        if not self.parts.any(axis=1).all():
            first = self.ids[int(np.argmin(self.parts.any(axis=1)))]
            raise DataError(f'{first!r}: expected at least one modality, got none')
        features = self._normalised('features', self.features)
        text_free = None if self.text_free is None else self._normalised('text_free', self.text_free)
        return FeatureSet(
            self.space, self.ids, features, self.parts, self.has_text, text_free, self.sources, self.errors
        )

    def _normalised(self, name: str, values: np.ndarray) -> np.ndarray:
        rows = torch.as_tensor(np.ascontiguousarray(values, dtype=np.float32))
        rows = mask_absent(rows, torch.as_tensor(self.parts), torch.tensor(self.space.modalities))
        lengths = rows.norm(dim=1, keepdim=True)
        good = (lengths.isfinite() & (lengths > 0)).flatten()
        if not good.all():
            first = self.ids[int(good.int().argmin())]
            raise DataError(f'{first!r}: expected a finite {name} row other than zero, got NaN, infinity or zeros')
        unit = (lengths - 1).abs() < UNIT_LENGTH  # kept to the bit, so that storing and reading changes nothing
        return torch.where(unit, rows, rows / lengths).numpy()

    def select(self, rows: Sequence[int]) -> FeatureSet:
        """Return the rows in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        return FeatureSet(
            self.space,
            [self.ids[row] for row in index],
            self.features[index],
            self.parts[index],
            self.has_text[index],
            None if self.text_free is None else self.text_free[index],
            [self.sources[row] for row in index] if self.sources else (),
        )
