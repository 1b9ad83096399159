"""OSNet (Zhou et al., ICCV 2019): blocks of four streams, which see one to four times as far, behind a shared gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from next_mm.methods.osnet.convert import PRETRAINED
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.pretrained import load_pretrained, read_pretrained
from next_mm.models.layers import ConvBN, init_convolutions, pool_mean
from next_mm.registry import MODELS

__all__ = ['ChannelGate', 'LightConv', 'OSBlock', 'OSNet']

_CHANNELS = (64, 256, 384, 512)
"""Channels of the stem and of the three stages at width 1."""
_STREAMS = 4


@MODELS.register_module()
class OSNet(PictureNetwork):
    """OSNet without its classifier; the feature is ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        width: factor on the channels, 1 (OSNet x1.0) or 0.5 (x0.5), also 0.75 or 0.25.
        pretrained: a local file of torchreid's, ImageNet or other; its classifier is left out. ``None`` leaves the
            weights random.
        out_dim: width of the feature.
    """

    smallest = 16  # the last map is a sixteenth of the picture

    def __init__(
        self, *, image_size: tuple[int, int], width: float = 1.0, pretrained: str | None = None, out_dim: int = 512
    ) -> None:
        super().__init__(image_size=image_size, widths={'whole': out_dim})
        stem, *stages = (int(channels * width) for channels in _CHANNELS)
        self.stem = ConvBN(3, stem, 7, stride=2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stages = nn.ModuleList()
        for index, (before, after) in enumerate(zip([stem, *stages], stages)):
            parts: list[nn.Module] = [OSBlock(before, after), OSBlock(after, after)]
            if index < len(stages) - 1:  # half as large for the next stage
                parts += [ConvBN(after, after), nn.AvgPool2d(2, stride=2)]
            self.stages.append(nn.Sequential(*parts))
        self.last = ConvBN(stages[-1], stages[-1])
        self.fc = nn.Sequential(nn.Linear(stages[-1], out_dim), nn.BatchNorm1d(out_dim), nn.ReLU())
        init_convolutions(self)
        nn.init.normal_(self.fc[0].weight, std=0.01)
        nn.init.zeros_(self.fc[0].bias)
        if pretrained is not None:
            load_pretrained(self, read_pretrained(pretrained, PRETRAINED), pretrained)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        x = self.maxpool(self.stem(images))
        for stage in self.stages:
            x = stage(x)
        return {'whole': self.fc(pool_mean(self.last(x)))}


class OSBlock(nn.Module):
    """Residual block with streams of one to four light convolutions."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        inner = out_channels // 4
        self.reduce = ConvBN(in_channels, inner)
        self.streams = nn.ModuleList(
            nn.Sequential(*(LightConv(inner, inner) for _ in range(depth))) for depth in range(1, _STREAMS + 1)
        )
        self.gate = ChannelGate(inner)
        self.expand = ConvBN(inner, out_channels, relu=False)
        self.shortcut = ConvBN(in_channels, out_channels, relu=False) if in_channels != out_channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H, W)."""
        reduced = self.reduce(x)
        scales = sum(self.gate(stream(reduced)) for stream in self.streams)
        return torch.relu(self.expand(scales) + self.shortcut(x))


class LightConv(nn.Module):
    """Linear 1 x 1 convolution, depthwise 3 x 3 convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.depthwise = ConvBN(out_channels, out_channels, 3, groups=out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H, W)."""
        return self.depthwise(self.pointwise(x))


class ChannelGate(nn.Module):
    """Weigh the channels of a map by what its means say."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def weights(self, x: Tensor) -> Tensor:
        """Return the weights (B, C, 1, 1), from 0 to 1, of a map (B, C, H, W)."""
        return torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean(dim=(2, 3), keepdim=True)))))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a map (B, C, H, W) by its weights."""
        return x * self.weights(x)
