"""What computes the features: the PyTorch model, or an exported file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np
import torch

from next_mm.apis.inference.bundle import ModelBundle
from next_mm.datasets.transforms import collate_triplets
from next_mm.errors import ConfigError
from next_mm.retrieval.feature_set import FeatureSpace

__all__ = ['Backend', 'TorchBackend']

DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16}


class Backend(Protocol):
    """Computes the features of packed triplets.

    Attributes:
        space: the feature space.
        pipeline: configs of the test pipeline's transforms.
        scope: the registry scope.
        reads_captions: whether captions change the features.
        card: facts for people.
    """

    space: FeatureSpace
    pipeline: list[dict[str, Any]]
    scope: str
    reads_captions: bool
    card: dict[str, Any]

    def encode(self, packed: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return features (B, F) and, where a sample has captions, the features (B, F) without any; not normalised."""


class TorchBackend:
    """The PyTorch model.

    Args:
        bundle: the model.
        device: where it runs; ``None`` takes the GPU where there is one.
        dtype: ``'float32'`` or ``'bfloat16'`` (autocast).

    Raises:
        ConfigError: an unknown dtype or device.
    """

    def __init__(self, bundle: ModelBundle, *, device: str | None = None, dtype: str = 'float32') -> None:
        if dtype not in DTYPES:
            raise ConfigError(f'dtype={dtype!r}: expected one of {", ".join(DTYPES)}')
        name = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        try:
            self.device = torch.device(name)
            self.model = bundle.model.to(self.device)
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(f'device={name!r}: not usable here: {error}') from error
        self.dtype = DTYPES[dtype]
        self.space = bundle.space()
        self.pipeline, self.scope, self.card = bundle.pipeline, bundle.scope, bundle.card
        self.reads_captions = bundle.model.reads_captions

    @torch.inference_mode()
    def encode(self, packed: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return features; see :class:`Backend`."""
        data = self.model.data_preprocessor(collate_triplets(packed))
        images, batch = data['inputs'], data['data_samples']
        mixed = self.dtype != torch.float32
        with torch.autocast(self.device.type, dtype=self.dtype) if mixed else nullcontext():
            if not self.reads_captions or not any(bool(np.any(sample.has_text)) for sample in batch.samples):
                return self.model.feature(images, batch).float().cpu().numpy(), None
            features, text_free = self.model.feature_with_and_without_text(images, batch)
        return features.float().cpu().numpy(), text_free.float().cpu().numpy()
