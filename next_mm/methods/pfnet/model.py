"""PFNet on one screen: maps of modalities and of their sums, two halves of each, ten features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.models.absent import apply_present
from next_mm.models.reid_model import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_integer, check_names

__all__ = ['PFNetReID']

_SOURCES = {'rgb': (0,), 'nir': (1,), 'tir': (2,), 'rgbnir': (0, 1), 'rgbtir': (0, 2)}
"""A map to the modalities whose maps add up to it."""
_HALVES = ('top', 'bottom')
_ORDER = ('tir', 'rgbtir', 'rgb', 'rgbnir', 'nir')
_PARTS = [f'{source}_{half}' for source in _ORDER for half in _HALVES]
_OWNERS = {name: MODALITIES.index(name.split('_')[0]) if name.split('_')[0] in MODALITIES else None for name in _PARTS}
"""A part to the index of its modality, ``None`` for one of several."""
_RGB_HALVES = 'rgb_halves'
_TEMPLATE, _JOINT = 'part', 'all'


@MODELS.register_module()
class PFNetReID(ReIDModel):
    """Progressive fusion (Zheng et al., AAAI 2021).

    The features are ``<map>_<half>``: maps ``rgb``, ``nir``, ``tir``, ``rgbnir``, ``rgbtir``, halves ``top`` and
    ``bottom``; and ``'all'``, the ten of them side by side. An absent modality adds nothing to a sum, and a map of
    absent ones gives zero.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`TripletTrunks`.
        part_dim: width of the feature of a part.
        share_rgb_classifier: whether both halves of RGB have one classifier, as in CCNet's repository.
        branches: ``'part'`` to the options of the ten branches, and ``'all'`` to those of the joint one.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'trunks': 'backbone', 'parts': 'heads'}
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {
        **{name: (_OWNERS[name],) for name in _PARTS},
        _JOINT: [_OWNERS[name] for name in _PARTS],
    }

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        part_dim: int = 256,
        share_rgb_classifier: bool = False,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = (_JOINT,),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_names('model.branches', branches, (_TEMPLATE,), (_JOINT,))
        check_integer('model.part_dim', part_dim, 1)
        self.backbone = MODELS.build(dict(backbone))
        channels = self.backbone.out_dim
        self.heads = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(channels, part_dim), nn.BatchNorm1d(part_dim), nn.ReLU()) for name in _PARTS}
        )
        shared = {_RGB_HALVES: ['rgb_top', 'rgb_bottom']} if share_rgb_classifier else {}
        alone = [name for name in _PARTS if not share_rgb_classifier or name not in shared[_RGB_HALVES]]
        own = dict.fromkeys([*alone, *shared], branches[_TEMPLATE])
        joint = {_JOINT: branches[_JOINT]} if _JOINT in branches else {}
        widths = dict.fromkeys(_PARTS, part_dim) | {_JOINT: len(_PARTS) * part_dim}
        self.build_branches(own | joint, widths, test_features, shared=shared)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the features of the ten parts and all of them side by side."""
        maps = self.backbone(images, batch.present)
        features: dict[str, Tensor] = {}
        for source, members in _SOURCES.items():
            pooled = F.adaptive_avg_pool2d(sum(maps[member] for member in members), (len(_HALVES), 1)).squeeze(3)
            rows = self.counted(f'{source}_{_HALVES[0]}', batch)
            for half, x in zip(_HALVES, pooled.unbind(2)):
                name = f'{source}_{half}'
                features[name] = apply_present(self.heads[name], x, rows)
        return {**features, _JOINT: torch.cat([features[name] for name in _PARTS], dim=1)}

    def counted(self, name: str, batch: TripletBatch) -> Tensor | None:
        """Return which samples (B,) have a modality in a part's map; ``None`` for all."""
        if batch.present is None or name == _JOINT:
            return None
        return batch.present[:, list(_SOURCES[name.split('_')[0]])].any(dim=1)
