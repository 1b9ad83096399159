"""A convolutional trunk for each modality, nothing shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.models.absent import apply_present
from next_mm.models.backbones.base import check_pictures
from next_mm.registry import MODELS
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_size

__all__ = ['TripletTrunks']


@MODELS.register_module()
class TripletTrunks(BaseModule):
    """Three trunks of one kind: pictures of a triplet to a map of each.

    Args:
        image_size: height and width in pixels of the pictures.
        trunk: config of the trunk, such as :class:`~next_mm.models.backbones.resnet.ResNet`: it maps (B, 3, H, W) to a
            map (B, C, h, w) and says C in ``out_dim``.

    Raises:
        ConfigError: no size, or, in a forward pass, pictures of another.
    """

    reads_cameras = False

    def __init__(self, *, image_size: tuple[int, int], trunk: Mapping[str, Any]) -> None:
        super().__init__()
        check_size('TripletTrunks.image_size', image_size)
        self.image_size = (image_size[0], image_size[1])
        self.trunks = nn.ModuleDict({modality: MODELS.build(dict(trunk)) for modality in MODALITIES})
        self.out_dim: int = self.trunks[MODALITIES[0]].out_dim

    def forward(self, images: Tensor, present: Tensor | None = None) -> list[Tensor]:
        """Map (B, 3, 3, H, W) pictures to three maps (B, C, h, w), zero where a modality is absent.

        Args:
            images: normalised pictures, modality before channel.
            present: (B, 3) bool, or ``None`` where every modality is there.
        """
        check_pictures(images, self.image_size)
        columns = [None] * len(MODALITIES) if present is None else present.unbind(1)
        return [
            apply_present(trunk, images[:, index], columns[index]) for index, trunk in enumerate(self.trunks.values())
        ]
