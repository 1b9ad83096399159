"""Convolution with batch norm, and global average pooling."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ['ConvBN', 'init_convolutions', 'pool_mean']


class ConvBN(nn.Module):
    """Convolution, batch norm and, unless told otherwise, ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel: side of the kernel; the padding keeps the size at stride 1.
        stride: of the convolution.
        groups: of the convolution.
        bias: whether the convolution has a bias.
        relu: whether a ReLU follows.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        relu: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=bias
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True) if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H / stride, W / stride)."""
        return self.relu(self.bn(self.conv(x)))


def init_convolutions(network: nn.Module) -> None:
    """Draw the weights of all convolutions for ReLU by their outputs (He et al., ICCV 2015); biases are zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def pool_mean(x: Tensor) -> Tensor:
    """Average a map (B, C, H, W) over its positions to (B, C)."""
    return x.mean(dim=(2, 3))
