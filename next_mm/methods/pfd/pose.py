"""The pose network that PFD reads, HRNet-W48 with 17 COCO key points, and a stand-in that knows no pose."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import timm
import torch
from mmengine.model import BaseModule
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.registry import MODELS
from next_mm.utils.weights import RANDOM_WEIGHTS, load_exactly, read_weights

__all__ = ['NUM_JOINTS', 'HRNetPose', 'StandingPose', 'build_hrnet']

NUM_JOINTS = 17
"""Key points of COCO: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles."""


@MODELS.register_module()
class HRNetPose(BaseModule):
    """HRNet-W48 (Sun et al., CVPR 2019), frozen: pictures to heat maps of the joints.

    The weights stay out of the model's parameters and checkpoints.

    Args:
        weights: the file ``pose_hrnet_w48_384x288.pth`` of HRNet's authors; see README.md of this folder. ``'random'``
            reads none, for cost tables.
        renormalize: give HRNet pictures with the mean and deviation of ImageNet, with which it was trained. PFD's
            authors give it the tower's own, of mean and deviation 0.5.

    Raises:
        ConfigError: no weights are named, or they are not HRNet-W48's.
        CheckpointError: the file is damaged, or could run code.
        FileNotFoundError: there is no such file.
    """

    def __init__(self, *, weights: str | None = None, renormalize: bool = True) -> None:
        super().__init__()
        if weights is None:
            raise ConfigError(
                'PFDReID needs the weights of its pose network, HRNet-W48 with 17 key points: set model.pose.weights '
                'to pose_hrnet_w48_384x288.pth (next_mm/methods/pfd/README.md says where it is)'
            )
        if weights != RANDOM_WEIGHTS and not Path(weights).is_file():
            raise FileNotFoundError(
                f'model.pose.weights={weights!r}: no such file (expected pose_hrnet_w48_384x288.pth)'
            )
        network = build_hrnet()
        if weights != RANDOM_WEIGHTS:
            state = read_weights(Path(weights))
            load_exactly(network, state, f'model.pose.weights={weights!r}', f'HRNet-W48 with {NUM_JOINTS} key points')
        self.renormalize = renormalize
        self._frozen = SimpleNamespace(network=network.eval().requires_grad_(False))
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD))
        self.register_buffer('scale', 0.5 / std, persistent=False)  # from pictures of mean and deviation 0.5
        self.register_buffer('shift', (0.5 - mean) / std, persistent=False)

    @property
    def network(self) -> nn.Module:
        """The frozen network, on the model's device; not among the model's parameters."""
        network = self._frozen.network
        if network.conv1.weight.device != self.scale.device:
            network.to(self.scale.device)
        return network

    @property
    def kept_apart(self) -> tuple[nn.Module]:
        """The network, which is not among the model's parameters, for cost tables."""
        return (self.network,)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Map normalised pictures (B, 3, H, W) to heat maps (B, 17, H / 4, W / 4)."""
        if self.renormalize:
            images = images * self.scale + self.shift
        network = self.network
        return network.final_layer(network.forward_features(images)[0]).float()


def build_hrnet() -> nn.Module:
    """Build HRNet-W48 for poses: timm's network up to the finest of its last scales, and a 1 x 1
    convolution to the heat maps."""
    network = timm.create_model('hrnet_w48', pretrained=False, num_classes=0)
    network.incre_modules = network.downsamp_modules = None  # the parts of a classifier
    last = network.stage4[-1]
    last.fuse_layers = last.fuse_layers[:1]
    network.final_layer = nn.Conv2d(last.get_num_in_chs()[0], NUM_JOINTS, 1)
    return network


_STANDING = (
    *((0.08, 0.5), (0.06, 0.45), (0.06, 0.55), (0.07, 0.4), (0.07, 0.6)),  # nose, eyes, ears
    *((0.2, 0.3), (0.2, 0.7), (0.34, 0.25), (0.34, 0.75), (0.46, 0.25), (0.46, 0.75)),  # shoulders, elbows, wrists
    *((0.5, 0.38), (0.5, 0.62), (0.72, 0.38), (0.72, 0.62), (0.93, 0.38), (0.93, 0.62)),  # hips, knees, ankles
)
"""Place of each joint, down and right, in a picture of a person who stands upright."""


@MODELS.register_module()
class StandingPose(BaseModule):
    """The same heat maps for every picture, of a person who stands upright: for trials of the code, and
    for data that is drawn so.

    It looks at nothing, so a model with it is not PFD, and no joint is ever unsure.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Return heat maps (B, 17, H / 4, W / 4) for pictures (B, 3, H, W)."""
        height, width = images.shape[2] // 4, images.shape[3] // 4
        places = images.new_tensor(_STANDING)
        down = torch.arange(height, device=images.device) - places[:, :1] * (height - 1)  # (17, H / 4)
        right = torch.arange(width, device=images.device) - places[:, 1:] * (width - 1)
        maps = torch.exp(-(down.square()[:, :, None] + right.square()[:, None, :]) / 18)
        return maps.expand(images.shape[0], -1, -1, -1)
