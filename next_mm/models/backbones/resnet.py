"""The trunk of ResNet-50 (He et al., CVPR 2016) out of torchvision's blocks, with what re-identification changes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.models import ResNet50_Weights
from torchvision.models.resnet import Bottleneck

from next_mm.errors import ConfigError
from next_mm.models.backbones.pretrained import load_pretrained, read_pretrained
from next_mm.models.layers import init_convolutions
from next_mm.registry import MODELS
from next_mm.utils.options import check_integer

__all__ = ['ResNet']


@MODELS.register_module()
class ResNet(nn.Module):
    """Bottleneck residual network without pooling and classifier; its state dict has torchvision's names.

    Pictures of H x W become a map of H / 16 x W / 16, or H / 32 x W / 32 with ``last_stride=2``.

    Args:
        pretrained: ``'imagenet'`` downloads torchvision's ImageNet weights (V1), a path loads a local file of them,
            ``None`` leaves the weights random.
        stem_relu: whether a ReLU follows the first batch norm. "Bag of Tricks" and what descends from it have none,
            although the ImageNet weights were trained with it.
        stem_norm: whether there is a first batch norm.
        maxpool: whether a max-pool follows the first convolution.
        last_stride: stride of the last stage.
        layers: number of blocks of each stage; the default is ResNet-50.
        width: channels inside the first stage's blocks, doubled from stage to stage; the map has 32 times as many.

    Raises:
        ConfigError: an option is out of range, or the file's weights do not fit.
        FileNotFoundError: there is no such file.
    """

    def __init__(
        self,
        *,
        pretrained: str | None = None,
        stem_relu: bool = True,
        stem_norm: bool = True,
        maxpool: bool = True,
        last_stride: int = 1,
        layers: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
    ) -> None:
        super().__init__()
        check_integer('ResNet.last_stride', last_stride, 1, 2)
        check_integer('ResNet.width', width, 1)
        if len(layers) != 4:
            raise ConfigError(f'ResNet.layers={layers!r}: expected the number of blocks of each of 4 stages')
        for number in layers:
            check_integer('ResNet.layers', number, 1)
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width) if stem_norm else nn.Identity()
        self.relu = nn.ReLU(inplace=True) if stem_relu else nn.Identity()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if maxpool else nn.Identity()
        first, second, third, last = layers
        self.layer1 = _stage(width, width, first, 1)
        self.layer2 = _stage(4 * width, 2 * width, second, 2)
        self.layer3 = _stage(8 * width, 4 * width, third, 2)
        self.layer4 = _stage(16 * width, 8 * width, last, last_stride)
        self.out_dim = 32 * width
        init_convolutions(self)
        if pretrained is not None:
            self._load(pretrained)

    def stem(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) to what the first stage reads: (B, width, H / 4, W / 4), or H / 2 without the max-pool."""
        return self.maxpool(self.relu(self.bn1(self.conv1(x))))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) pictures to the last stage's map (B, 32 width, h, w)."""
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))

    def _load(self, pretrained: str) -> None:
        if pretrained == 'imagenet':
            state = ResNet50_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
        else:
            state = read_pretrained(pretrained)
        unused = ('fc.', 'bn1.') if isinstance(self.bn1, nn.Identity) else ('fc.',)
        load_pretrained(self, {key: value for key, value in state.items() if not key.startswith(unused)}, pretrained)


def _stage(in_channels: int, planes: int, blocks: int, stride: int) -> nn.Sequential:
    """Stack bottleneck blocks of ``4 * planes`` channels; the first has the stride, and a projection around it."""
    out_channels = planes * Bottleneck.expansion
    projection = nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
    )
    first = Bottleneck(in_channels, planes, stride, projection)
    return nn.Sequential(first, *(Bottleneck(out_channels, planes) for _ in range(blocks - 1)))
