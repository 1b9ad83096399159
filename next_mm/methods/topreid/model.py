"""TOP-ReID on one screen: three towers, permuted class tokens, reconstructed modalities (Wang et al., AAAI 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from next_mm.methods.topreid.permutation import TokenPermutation
from next_mm.methods.topreid.reconstruction import TokenReconstruction
from next_mm.models.backbones.base import zero_absent
from next_mm.models.class_tokens import CLASS_TOKEN_PARTS, class_token_features, class_token_widths
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_heads


@MODELS.register_module()
class TOPReID(ReIDModel):
    """TOP-ReID: multi-spectral object re-identification with token permutation (Wang et al., AAAI 2024).

    The features are ``permuted`` (3D wide), the permuted class tokens, ``classes`` (3D), the towers' class tokens side
    by side, and ``rgb``, ``nir``, ``tir`` (D), the same one by one. The authors train ``permuted`` with ``classes`` or
    with the three.

    Args:
        num_classes: number of training identities.
        backbone: config of the tower that each modality has, :class:`SideViT`.
        num_heads: heads of permutation and reconstruction.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'towers': 'towers',
        'token permutation': 'permutation',
        'reconstruction': 'reconstruction',
    }
    missing_modalities: ClassVar[MissingModalities] = 'reconstructed'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = CLASS_TOKEN_PARTS

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        num_heads: int = 12,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('permuted',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.towers = nn.ModuleDict({name: MODELS.build(dict(backbone)) for name in MODALITIES})
        self.reads_cameras = self.towers['rgb'].reads_cameras
        width = self.towers['rgb'].out_dim
        check_heads('model.num_heads', num_heads, width)
        self.permutation = TokenPermutation(width, num_heads)
        self.reconstruction = TokenReconstruction(width, num_heads)
        widths = {'permuted': NUM_MODALITIES * width, **class_token_widths(width)}
        self.build_branches(branches, widths, test_features)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the towers take."""
        return self.towers['rgb'].image_size

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the features, and the towers' ``tokens`` (B, 3, 1 + N, D)."""
        images = zero_absent(images, batch.present)
        towers = self.towers.values()
        tokens = torch.stack([tower(images[:, m], batch.cameras) for m, tower in enumerate(towers)], dim=1)
        completed = tokens if batch.present is None else self.reconstruction.complete(tokens, batch.present)
        classes = completed[:, :, 0]
        permuted = self.permutation(classes, completed[:, :, 1:])
        return {'permuted': permuted.flatten(1), **class_token_features(classes), 'tokens': tokens}

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Add the reconstruction loss to those of the branches."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        return losses | {'loss_reconstruction': self.reconstruction(features['tokens'], batch.present)}
