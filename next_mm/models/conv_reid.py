"""Convolutional networks on triplets: batch norms must not count pictures that are not there."""

from __future__ import annotations

from torch import Tensor

from next_mm.models.absent import encode_present
from next_mm.models.per_modality import PerModalityReID
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES

__all__ = ['ConvReID']


class ConvReID(PerModalityReID):
    """A convolutional network for each modality, see :class:`PerModalityReID` for the options.

    A network learns from the pictures that are there: absent ones reach neither its batch norms nor its losses, and
    their part of the test feature is zero.
    """

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the outputs of each modality's network as ``<modality>_<name>``, zero where it is absent."""
        indices = [MODALITIES.index(modality) for modality in self.modalities]
        found = encode_present(
            [self.network_of(modality) for modality in self.modalities],
            [images[:, index] for index in indices],
            None if batch.present is None else batch.present[:, indices],
        )
        outputs = {
            f'{modality}_{name}': value
            for modality, values in zip(self.modalities, found)
            for name, value in values.items()
        }
        return outputs | self.joint_feature(outputs)

    def counted(self, name: str, batch: TripletBatch) -> Tensor | None:
        """Return which samples (B,) have the modality of a feature, ``None`` for all."""
        owner = self.feature_parts.get(name, (None,))[0]
        return None if batch.present is None or owner is None else batch.present[:, owner]
