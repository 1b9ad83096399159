"""The data preprocessor: samples to a batch on the device, pictures normalised there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.registry import MODELS
from next_mm.structures import ReIDDataSample, TripletBatch
from next_mm.utils.options import check_number


@MODELS.register_module()
class TripletPreprocessor(BaseDataPreprocessor):
    """Stack triplets, move them to the device and normalise them there.

    Args:
        mean: mean of each channel in RGB order, in grey levels (0 to 255).
        std: standard deviation of each channel, likewise.

    Raises:
        ConfigError: they are not three grey levels each, or a standard deviation is 0.
    """

    def __init__(self, *, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(non_blocking=True)
        for name, values in (('mean', mean), ('std', std)):
            if not isinstance(values, (list, tuple)) or len(values) != 3:
                raise ConfigError(
                    f'TripletPreprocessor.{name}={values!r}: expected three numbers, one for each channel'
                )
            for value in values:
                check_number(f'TripletPreprocessor.{name}', value, 0, 255, above=name == 'std')
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(-1, 1, 1), persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn ``{'inputs': B of (3, 3, H, W) uint8, 'data_samples': B samples}`` into ``inputs`` (B,
        3, 3, H, W) and a TripletBatch.

        Raises:
            ConfigError: the pictures of the batch differ in size.
        """
        images = data['inputs']
        if not isinstance(images, Tensor):  # mmengine's own collate functions stack nothing, collate_triplets does
            images = _stack_images(images)
        images = (images.to(self.device, non_blocking=True).float() - self.mean) / self.std
        return {'inputs': images, 'data_samples': self._collate(list(data['data_samples']))}

    def _collate(self, samples: list[ReIDDataSample]) -> TripletBatch:
        tokens, lengths = _stack_tokens(samples)
        return TripletBatch(
            samples=samples,
            labels=self._to_device(torch.tensor([sample.label for sample in samples])),
            cameras=self._to_device(torch.tensor([sample.camera for sample in samples])),
            present=self._unless_all(samples, 'present'),
            tokens=tokens,
            lengths=lengths,
            has_text=self._unless_all(samples, 'has_text'),
            extras={
                name: self._to_device(torch.tensor([float(sample.extras[name]) for sample in samples]))
                for name in samples[0].get('extras', {})
            },
        )

    def _unless_all(self, samples: list[ReIDDataSample], name: str) -> Tensor | None:
        """Stack a (3,) bool field of the samples, or ``None`` when it is true throughout or absent."""
        if name not in samples[0]:
            return None
        stacked = torch.stack([torch.as_tensor(sample.get(name)) for sample in samples])
        return None if bool(stacked.all()) else self._to_device(stacked)

    def _to_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)


def _stack_images(images: Sequence[Tensor]) -> Tensor:
    shapes = {tuple(triplet.shape) for triplet in images}
    if len(shapes) != 1:
        raise ConfigError(
            f'the triplets of a batch differ in shape: {sorted(shapes)}; add ResizeTriplet to the pipeline'
        )
    return torch.stack(list(images))


def _stack_tokens(samples: list[ReIDDataSample]) -> tuple[Tensor | None, Tensor | None]:
    """Stack (S, 3, L) caption tokens and their (S, 3) lengths, cut to the batch's longest
    caption; they stay on the CPU."""
    if 'tokens' not in samples[0]:
        return None, None
    tokens = torch.stack([torch.as_tensor(sample.tokens) for sample in samples])
    lengths = torch.stack([torch.as_tensor(sample.lengths) for sample in samples])
    return tokens[..., : int(lengths.max())], lengths
