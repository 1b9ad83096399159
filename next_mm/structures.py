"""What travels through NEXT-MM: the modalities and their order, the record on disk, the sample and the batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from mmengine.structures import BaseDataElement
from torch import Tensor

__all__ = ['ReIDDataSample', 'TripletBatch']


class ReIDDataSample(BaseDataElement):
    """Everything known about one triplet beside its pixels.

    Metainfo: ``sample_idx`` (int), ``name``, ``img_paths``, ``identity``, ``camera``, ``scene``, ``is_query``, ``is_gallery``,
    ``captions``.

    Data: ``label`` (int), ``present`` ((3,) bool, which modalities exist), ``tokens`` ((S, 3, L) int32, S caption subsets;
    absent without text), ``has_text`` ((3,) bool, which modalities have a caption), and after prediction ``feature`` ((F,)).
    """


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
        has_text: (B, 3) bool, on the device; ``None`` says that every modality of every sample has a caption.
    """

    samples: list[ReIDDataSample] = field(default_factory=list)
    labels: Tensor | None = None
    cameras: Tensor | None = None
    present: Tensor | None = None
    tokens: Tensor | None = None
    has_text: Tensor | None = None
