"""What travels through NEXT-MM: the modalities and their order, the record on disk, the sample and the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.structures import BaseDataElement
from torch import Tensor

__all__ = ['ReIDDataSample', 'TripletBatch']


class ReIDDataSample(BaseDataElement):
    """Everything known about one triplet beside its pixels; only the fields declared here can be set.

    The facts of the record are MMEngine's metainfo, the rest is data: ``label``; ``present`` (3,) bool, which
    modalities exist; ``tokens`` (S, 3, L) int32, S caption subsets, and ``lengths`` (S, 3), how many of the L are in
    use, both absent without text; ``has_text`` (3,) bool, which modalities have a caption; ``extras``, numbers that a
    transform adds, by name; and after prediction ``feature`` (F,), ``feature_modalities`` (F,), the
    modality of each of its dimensions (-1 for several), and, of a model that reads captions, ``feature_text`` (3,)
    bool, the captions that it was made with.

    Raises:
        AttributeError: another field is set.
    """

    sample_idx: int
    name: str
    img_paths: tuple[str | None, str | None, str | None]
    identity: int | str
    camera: int
    scene: int
    is_query: bool
    is_gallery: bool
    captions: Sequence[str | None] | None

    label: int
    present: np.ndarray | Tensor
    tokens: np.ndarray | Tensor
    lengths: np.ndarray | Tensor
    has_text: np.ndarray | Tensor
    extras: dict[str, float]
    feature: Tensor
    feature_modalities: Tensor
    feature_text: np.ndarray | Tensor

    def set_field(self, value: Any, name: str, dtype: Any = None, field_type: str = 'data') -> None:
        """Set a declared field; see :meth:`mmengine.structures.BaseDataElement.set_field`."""
        if name not in ReIDDataSample.__annotations__:
            raise AttributeError(
                f'{type(self).__name__} has no field {name!r}; it has {", ".join(ReIDDataSample.__annotations__)}'
            )
        super().set_field(value, name, dtype, field_type)


@dataclass
class TripletBatch:
    """A batch beside its pixels, as the data preprocessor hands it to the model.

    Attributes:
        samples: the B data samples.
        labels: (B,) identity labels, on the device.
        cameras: (B,) camera numbers, :data:`next_mm.triplet.UNKNOWN` where not known, on the device.
        present: (B, 3) bool, on the device; ``None`` says that every modality of every sample is there.
        tokens: (B, S, 3, L) caption tokens, on the CPU (the text encoder looks up what it knows before anything moves),
            cut to the longest caption; ``None`` without text.
        lengths: (B, S, 3) how many of the L tokens of a caption are in use, start and end mark among them, on
            the CPU; ``None`` without text.
        has_text: (B, 3) bool, on the device; ``None`` says that every modality of every sample has a caption.
        text: (B, S, 3, D) features of the captions where they were encoded outside of the model, as in an exported one.
        extras: numbers that transforms add to a sample, each (B,) float32, on the device.
    """

    samples: list[ReIDDataSample] = field(default_factory=list)
    labels: Tensor | None = None
    cameras: Tensor | None = None
    present: Tensor | None = None
    tokens: Tensor | None = None
    lengths: Tensor | None = None
    has_text: Tensor | None = None
    text: Tensor | None = None
    extras: dict[str, Tensor] = field(default_factory=dict)
