"""FACENet on one screen: three towers, flare masks, thermal tokens in the place of flared ones (Zheng et al.,
Information Fusion 2025)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from next_mm.errors import DataError
from next_mm.methods.facenet.enhancement import MaskPrediction, enhance_flared
from next_mm.methods.facenet.losses import score_consistency
from next_mm.models.backbones.base import zero_absent
from next_mm.models.backbones.side_vit import TowerEnd
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_choice

_FLARE_WEIGHT = 0.8


class FlareHead(nn.Module):
    """Two scores, no flare and flare, of a class token and a mask.

    Args:
        end: the end of a tower, of which it has a copy.
        width: token width D.
    """

    def __init__(self, end: TowerEnd, width: int) -> None:
        super().__init__()
        self.end = deepcopy(end)
        self.bnneck = nn.BatchNorm1d(width)
        self.bnneck.bias.requires_grad_(False)
        self.classifier = nn.Linear(width, 2, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, classes: Tensor, mask: Tensor) -> Tensor:
        """Map class tokens (B, D) and masks (B, N, D) to (B, 2)."""
        return self.classifier(self.bnneck(self.end(torch.cat([classes.unsqueeze(1), mask], dim=1))))


@MODELS.register_module()
class FACENetReID(ReIDModel):
    """FACENet: flare-aware cross-modal enhancement for vehicle re-identification (Zheng et al.,
    Information Fusion 2025).

    The features are ``rgb``, ``nir``, ``tir``, each D wide. The flag of :class:`FlagFlare` says
    which triplets are enhanced.

    Args:
        num_classes: number of training identities.
        backbone: config of the tower that each modality has, :class:`SideViT`.
        num_heads: heads of the mask prediction; divides the number of patches.
        flare: ``'sample'`` enhances the triplets that have the flag, ``'batch'`` all of a batch with a
            flag in it, as the authors do.
        rgb_rest: see :func:`~next_mm.methods.facenet.enhancement.enhance_flared`.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Raises:
        ConfigError: an option is out of range.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'towers': 'towers',
        'masks': 'masks',
        'ends': 'ends',
        'flare heads': 'flare_heads',
    }
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {'tir': (2,)}

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        num_heads: int = 16,
        flare: Literal['sample', 'batch'] = 'sample',
        rgb_rest: Literal['own', 'nir'] = 'own',
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = MODALITIES,
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_choice('model.flare', flare, ('sample', 'batch'))
        check_choice('model.rgb_rest', rgb_rest, ('own', 'nir'))
        self.flare, self.rgb_rest = flare, rgb_rest
        self.towers = nn.ModuleDict({name: MODELS.build(dict(backbone)) for name in MODALITIES})
        self.ends = nn.ModuleDict({name: tower.take_end() for name, tower in self.towers.items()})
        self.reads_cameras = self.towers['rgb'].reads_cameras
        width, grid = self.towers['rgb'].out_dim, self.towers['rgb'].grid
        self.masks = MaskPrediction(width, grid[0] * grid[1], num_heads)
        self.flare_heads = nn.ModuleDict({name: FlareHead(self.ends[name], width) for name in ('rgb', 'nir')})
        self.register_buffer('threshold', torch.zeros(1))  # a parameter of the authors', which never gets a gradient
        self.build_branches(branches, dict.fromkeys(MODALITIES, width), test_features)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the towers take."""
        return self.towers['rgb'].image_size

    def not_exportable(self) -> str:
        """Return why there is no ONNX file of it."""
        return (
            'a flare is flagged in the pictures before they are resized, and an exported file has no input for the flag'
        )

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the features; masks are predicted for flared triplets alone."""
        tokens, flared = self.encode(images, batch), self.flared(batch)
        if flared.any():
            chosen = tokens[flared]
            masks = self.masks(chosen[:, 0, 1:], chosen[:, 1, 1:])
            tokens = tokens.index_put((flared,), self.enhance(chosen, masks))
        return self.end(tokens)

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Add the consistency of the flare scores and of the identity scores to the losses of the branches."""
        tokens = self.encode(images, batch)
        masks = self.masks(tokens[:, 0, 1:], tokens[:, 1, 1:])
        flares = [head(tokens[:, m, 0], masks[m]) for m, head in enumerate(self.flare_heads.values())]
        flared = self.flared(batch)[:, None, None, None]
        features = self.end(torch.where(flared, self.enhance(tokens, masks), tokens))
        views = self.identity_views(features, batch)
        losses = self.view_losses(views)
        losses['loss_flare'] = _FLARE_WEIGHT * score_consistency(*flares)
        consistency = [score_consistency(views[name]['logits'], views['nir']['logits']) for name in ('rgb', 'tir')]
        return losses | {'loss_consistency': sum(consistency)}

    def encode(self, images: Tensor, batch: TripletBatch) -> Tensor:
        """Run the towers up to their last block, (B, 3, 3, H, W) to (B, 3, 1 + N, D)."""
        images = zero_absent(images, batch.present)
        towers = enumerate(self.towers.values())
        return torch.stack([tower(images[:, m], batch.cameras) for m, tower in towers], dim=1)

    def enhance(self, tokens: Tensor, masks: tuple[Tensor, Tensor]) -> Tensor:
        """Put tir in the place of flared elements of tokens (B, 3, 1 + N, D)."""
        return enhance_flared(tokens, masks, self.threshold, rgb_rest=self.rgb_rest)

    def end(self, tokens: Tensor) -> dict[str, Tensor]:
        """Run the ends of the towers, (B, 3, 1 + N, D) to a feature (B, D) for each modality."""
        return {name: end(tokens[:, m]) for m, (name, end) in enumerate(self.ends.items())}

    def example_batch(self) -> TripletBatch:
        """Return the batch of one triplet, with a flare; see :meth:`ReIDModel.example_batch`."""
        batch = super().example_batch()
        batch.extras['flare'] = torch.ones(1)
        return batch

    def flared(self, batch: TripletBatch) -> Tensor:
        """Return (B,) bool, the triplets that are enhanced.

        Raises:
            DataError: the samples have no flag.
        """
        if 'flare' not in batch.extras:
            raise DataError(
                'FACENetReID reads the flag "flare" of each triplet but the samples have none: '
                "put dict(type='FlagFlare') behind LoadTriplet in every pipeline"
            )
        flared = batch.extras['flare'] > 0.5
        return flared if self.flare == 'sample' else flared.any().expand_as(flared)
