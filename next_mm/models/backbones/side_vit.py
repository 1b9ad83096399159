"""The vision transformer with side information of TransReID (He et al., ICCV 2021), on which its successors build."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import CameraEmbedding
from next_mm.models.clip.position_embedding import find_grid, resize_position_embedding
from next_mm.models.layers.folded_attention import folded_attention
from next_mm.registry import MODELS
from next_mm.utils.options import check_heads, check_integer, check_number, check_size
from next_mm.utils.weights import load_exactly, read_weights

__all__ = ['SideViT', 'TowerEnd', 'run_for_class']

_OTHER_PARTS = ('head', 'dist', 'pre_logits', 'fc.')
"""Starts of keys of a weights file that are no part of the tower: classifiers, and a token that it does not have."""


@MODELS.register_module()
class SideViT(BaseModule):
    """A vision transformer over single pictures; patches may overlap, and the camera is added to every token.

    The parameters have timm's names, as in the files that the authors publish.

    Args:
        image_size: picture height and width in pixels.
        patch_size: side of a patch in pixels.
        stride: step from patch to patch in pixels, at most ``patch_size``.
        width: token width D.
        depth: number of blocks.
        num_heads: number of attention heads.
        drop_path: drop-path rate of the last block; it rises linearly from 0 at the first.
        num_cameras: number of cameras with an embedding; 0 is none.
        first_camera: number of the first camera; cameras outside the table add nothing.
        camera_weight: factor on the camera embedding, lambda in the paper.
        pretrained: a local weights file in timm's names, a model name of timm (downloaded on first use), or ``None``.

    Raises:
        ConfigError: an option is out of range, the weights do not fit, or, in a forward pass, the
            pictures have another size.
        CheckpointError: a local file is damaged, or could run code.
        FileNotFoundError: there is no such file.
    """

    def __init__(
        self,
        *,
        image_size: tuple[int, int],
        patch_size: int = 16,
        stride: int = 16,
        width: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        drop_path: float = 0.1,
        num_cameras: int = 0,
        first_camera: int = 1,
        camera_weight: float = 3.0,
        pretrained: str | None = None,
    ) -> None:
        super().__init__()
        check_integer('SideViT.patch_size', patch_size, 1)
        check_integer('SideViT.width', width, 1)
        check_size('SideViT.image_size', image_size, smallest=patch_size)
        check_integer('SideViT.stride', stride, 1, patch_size)
        check_integer('SideViT.depth', depth, 1)
        check_heads('SideViT.num_heads', num_heads, width)
        check_number('SideViT.drop_path', drop_path, 0, 1, below=True)
        check_number('SideViT.camera_weight', camera_weight, 0)
        check_integer('SideViT.num_cameras', num_cameras, 0)
        self.image_size = (image_size[0], image_size[1])
        self.patch_size = patch_size
        self.stride = stride
        self.out_dim = width
        self.grid = ((image_size[0] - patch_size) // stride + 1, (image_size[1] - patch_size) // stride + 1)
        self.camera_weight = camera_weight
        self.reads_cameras = num_cameras > 0
        norm = partial(nn.LayerNorm, eps=1e-6)
        self.patch_embed = nn.ModuleDict({'proj': nn.Conv2d(3, width, patch_size, stride)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.grid[0] * self.grid[1], width))
        self.blocks = nn.ModuleList(
            Block(width, num_heads, qkv_bias=True, norm_layer=norm, drop_path=drop_path * index / max(depth - 1, 1))
            for index in range(depth)
        )
        self.norm: nn.Module = norm(width)
        self._initialize()
        self.camera_embedding = CameraEmbedding(num_cameras, width, first_camera) if num_cameras else None
        if pretrained is not None:
            self._load(pretrained)

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> Tensor:
        """Encode pictures (B, 3, H, W), with ``cameras`` (B,) where there is an embedding, to tokens
        (B, 1 + N, D), class first."""
        tokens = self.embed(images, cameras)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens)

    def embed(self, images: Tensor, cameras: Tensor | None = None) -> Tensor:
        """Return the tokens (B, 1 + N, D) in front of the blocks: class token and patches, with position and camera."""
        if tuple(images.shape[2:]) != self.image_size:
            raise ConfigError(
                f'the pictures have (height, width) = {tuple(images.shape[2:])}, but SideViT.image_size is '
                f'{self.image_size}: '
                'give ResizeTriplet.size in every pipeline and image_size the same values'
            )
        patches = self.patch_embed['proj'](images).flatten(2).transpose(1, 2)  # (B, N, D)
        tokens = (
            torch.cat([self.cls_token.expand(images.shape[0], -1, -1).to(patches), patches], dim=1) + self.pos_embed
        )
        if self.camera_embedding is not None:
            tokens = tokens + self.camera_weight * self.camera_embedding(cameras)
        return tokens

    def take_end(self) -> TowerEnd:
        """Remove the last block and the final norm from the tower and return them, for methods that
        read the class token alone."""
        end = TowerEnd(self.blocks[-1], self.norm)
        self.blocks = self.blocks[:-1]
        self.norm = nn.Identity()
        return end

    def _initialize(self) -> None:
        """Draw the weights as TransReID does."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        projection = self.patch_embed['proj']
        nn.init.normal_(projection.weight, std=math.sqrt(2 / (self.patch_size**2 * self.out_dim)))
        nn.init.zeros_(projection.bias)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def _load(self, pretrained: str) -> None:
        """Load all weights but the camera embedding's, the position embedding resized to the grid of patches."""
        state = {key: value for key, value in _read(pretrained).items() if not key.startswith(_OTHER_PARTS)}
        if 'pos_embed' in state:
            embedding = state['pos_embed'].flatten(0, -2)  # (1 + N, D)
            source = find_grid(len(embedding) - 1, pictures=self.grid)
            state['pos_embed'] = resize_position_embedding(embedding, source, self.grid, 'bilinear')[None]
        if self.camera_embedding is not None:  # which is not pretrained
            state['camera_embedding.weight'] = self.camera_embedding.weight.detach()
        expected = f'the weights of a plain vision transformer of {len(self.blocks)} blocks, {self.out_dim} wide'
        load_exactly(self, state, f'pretrained={pretrained!r}', expected)


class TowerEnd(nn.Sequential):
    """The last block and the final norm of a tower, run for the class token alone."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, T, D), the class token first, to what becomes of the class token, (B, D)."""
        block, norm = self
        return norm(run_for_class(block, tokens))

    def count_macs(self, args: tuple[Tensor], output: Tensor) -> int:
        """Count the usual form: the block runs for every token."""
        matrices = sum(layer.weight.numel() for layer in self[0].modules() if isinstance(layer, nn.Linear))
        return args[0].shape[0] * args[0].shape[1] * matrices


def run_for_class(block: Block, tokens: Tensor) -> Tensor:
    """Run a block on tokens (B, T, D) for the class token alone; returns (B, D), what the block
    gives for the first token."""
    normed, layer = block.norm1(tokens), block.attn
    query_weight, key_weight, value_weight = layer.qkv.weight.chunk(3)
    query_bias, _, value_bias = layer.qkv.bias.chunk(3)
    query = F.linear(normed[:, :1], query_weight, query_bias)
    attended = folded_attention(query, normed, normed, key_weight, value_weight, layer.num_heads) + value_bias
    classes = tokens[:, 0] + block.drop_path1(layer.proj(attended.squeeze(1)))
    return classes + block.drop_path2(block.mlp(block.norm2(classes)))


def _read(pretrained: str) -> dict[str, Tensor]:
    """Read a local file, or the weights of a model of timm."""
    path = Path(pretrained)
    if path.is_file():
        return read_weights(path)
    if path.suffix in ('.pth', '.pt', '.safetensors', '.bin') or path.parent != Path('.'):
        raise FileNotFoundError(f'pretrained={pretrained!r}: no such file')
    if not timm.is_model(pretrained):
        raise ConfigError(f'pretrained={pretrained!r} is neither a file nor a model of timm')
    return timm.create_model(pretrained, pretrained=True).state_dict()
