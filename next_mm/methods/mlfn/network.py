"""MLFN (Chang et al., CVPR 2018): blocks of 32 factor modules, and a selection of them at each level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from next_mm.methods.mlfn.convert import PRETRAINED
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.pretrained import load_pretrained, read_pretrained
from next_mm.models.layers import ConvBN, init_convolutions
from next_mm.registry import MODELS

__all__ = ['MLFN', 'MLFNBlock']

_GROUPS = 32
_STAGES = ((3, 256, (128, 64)), (4, 512, (256, 128)), (6, 1024, (512, 128)), (3, 2048, (512, 128)))
"""Blocks, channels and the widths inside the factor selection of each stage."""


@MODELS.register_module()
class MLFN(PictureNetwork):
    """MLFN without its classifier; the feature is ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        width: factor on the channels of the blocks; 32 groups must divide half of each.
        pretrained: a local file of torchreid's, ImageNet or other; its classifier is left out. ``None`` leaves the
            weights random.
        out_dim: width of the feature.
    """

    def __init__(
        self, *, image_size: tuple[int, int], width: float = 1.0, pretrained: str | None = None, out_dim: int = 1024
    ) -> None:
        super().__init__(image_size=image_size, widths={'whole': out_dim})
        channels = 64
        self.stem = ConvBN(3, channels, 7, stride=2, bias=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.blocks = nn.ModuleList()
        for index, (count, full, inner) in enumerate(_STAGES):
            for block in range(count):
                stride = 2 if index and not block else 1
                self.blocks.append(MLFNBlock(channels, int(full * width), inner, stride))
                channels = int(full * width)
        self.fc_map = ConvBN(channels, out_dim)
        self.fc_factors = ConvBN(_GROUPS * len(self.blocks), out_dim)
        init_convolutions(self)
        if pretrained is not None:
            load_pretrained(self, read_pretrained(pretrained, PRETRAINED), pretrained)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        x = self.maxpool(self.stem(images))
        selections = []
        for block in self.blocks:
            x, selection = block(x)
            selections.append(selection)
        mapped = self.fc_map(x.mean(dim=(2, 3), keepdim=True))
        factors = self.fc_factors(torch.cat(selections, dim=1))
        return {'whole': ((mapped + factors) * 0.5).flatten(1)}


class MLFNBlock(nn.Module):
    """Residual block of 32 factor modules (groups of a convolution), each weighed by the factor selection.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        inner: widths inside the factor selection.
        stride: of the factor modules.
    """

    def __init__(self, in_channels: int, out_channels: int, inner: tuple[int, int], stride: int) -> None:
        super().__init__()
        middle = out_channels // 2
        first, second = inner
        self.select = nn.Sequential(
            ConvBN(in_channels, first, bias=True),
            ConvBN(first, second, bias=True),
            ConvBN(second, _GROUPS, bias=True, relu=False),
            nn.Sigmoid(),
        )
        self.reduce = ConvBN(in_channels, middle)
        self.factors = ConvBN(middle, middle, 3, stride=stride, groups=_GROUPS)
        self.expand = ConvBN(middle, out_channels)
        changes = in_channels != out_channels or stride != 1
        self.shortcut = ConvBN(in_channels, out_channels, stride=stride, relu=False) if changes else nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, in, H, W) to (B, out, H / stride, W / stride) and the selection (B, 32, 1, 1)."""
        selection = self.select(x.mean(dim=(2, 3), keepdim=True))
        weighed = self.factors(self.reduce(x))
        weighed = (weighed.unflatten(1, (_GROUPS, -1)) * selection.unsqueeze(2)).flatten(1, 2)
        return torch.relu(self.expand(weighed) + self.shortcut(x)), selection
