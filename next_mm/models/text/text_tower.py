"""CLIP's text tower, run on packed captions: no padding, shared beginnings once, always the same shapes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.clip.quick_gelu import is_quick_gelu, quick_gelu_mlp
from next_mm.models.text.packing import Pack, pack_captions

PACK_TOKENS = {'cpu': 256}
"""Tokens of a pack for each device type (docs/performance.md); more where a launch costs more than a few idle rows."""
DEFAULT_PACK_TOKENS = 2048
END_OF_TEXT = 49407
"""CLIP's end-of-text token, which TokenizeCaptions puts behind every caption."""


class TextTower(nn.Module):
    """The frozen text half of a CLIP model, from tokens to end-of-text features in the joint picture-text space.

    The numbers are those of open_clip's ``encode_text`` (up to rounding). Every matrix product has the same shape
    whatever the captions' number and lengths, so a caption's feature does not depend, in the last bit, on the captions
    encoded beside it.

    Args:
        clip: a model of open_clip whose text tower is CLIP's: causal, read at the end-of-text token.
        name: what to call it in errors.

    Raises:
        ConfigError: the text tower is of another kind.
    """

    def __init__(self, clip: nn.Module, name: str) -> None:
        super().__init__()
        source = getattr(clip, 'text', clip)  # open_clip's CustomTextCLIP keeps the tower apart
        _check_tower(source, name)
        self.pool = getattr(source, 'text_pool_type', getattr(source, 'pool_type', 'argmax'))
        self.end_id: int | None = getattr(source, 'text_eos_id', getattr(source, 'eos_id', None))
        self.token_embedding = source.token_embedding
        self.positional_embedding = source.positional_embedding
        self.blocks = source.transformer.resblocks
        self.ln_final = source.ln_final
        self.text_projection = source.text_projection
        self.context_length, self.width = self.positional_embedding.shape
        self.vocab_size: int = self.token_embedding.num_embeddings
        self.num_heads: int = self.blocks[0].attn.num_heads
        self.out_dim = _out_dim(self.text_projection, self.width)
        self.requires_grad_(False).eval()

    def lengths(self, tokens: np.ndarray) -> np.ndarray:
        """Length (R,) of each row of (R, L) token ids, the end-of-text token included; what follows it changes nothing.

        Raises:
            ConfigError: a row without an end-of-text token, as another tokenizer than CLIP's would make it.
        """
        endless = ~(tokens == END_OF_TEXT).any(axis=1)
        if endless.any():
            raise ConfigError(
                f"{endless.sum()} of {len(tokens)} captions do not end with CLIP's end-of-text token {END_OF_TEXT}, "
                f'first: {tokens[endless][0, :8].tolist()} ...; expected the tokens of TokenizeCaptions'
            )
        ends = tokens.argmax(axis=1) if self.pool == 'argmax' else (tokens == self.end_id).argmax(axis=1)
        return ends + 1

    @torch.no_grad()
    def forward(self, captions: Sequence[np.ndarray]) -> Tensor:
        """Encode C different captions, each cut behind its end-of-text token, to (C, D) features in full precision."""
        device = self.positional_embedding.device
        budget = max(PACK_TOKENS.get(device.type, DEFAULT_PACK_TOKENS), self.context_length)
        features, rows = [], []
        with torch.autocast(device.type, enabled=False):
            for pack in pack_captions(captions, budget=budget, context_length=self.context_length):
                features.append(self._encode(pack, device))
                rows.append(pack.rows)
        back = np.argsort(np.concatenate(rows))
        return torch.cat(features)[to_device(torch.from_numpy(back), device)]

    def count_macs(self, args: tuple[Sequence[np.ndarray]], output: Tensor) -> int:
        """Count the usual form: every token of every caption goes through every layer, each caption
        through the projection."""
        return self.count_tokens(sum(map(len, args[0])), projected=len(args[0]))

    def count_tokens(self, tokens: int, projected: int) -> int:
        """Count the multiply-accumulates of tokens that go through every layer, and of those that are projected."""
        layers = sum(parameter.numel() for parameter in self.blocks.parameters() if parameter.dim() == 2)
        named = self.named_parameters()
        projection = sum(parameter.numel() for name, parameter in named if name.startswith('text_projection'))
        return tokens * layers + projected * projection

    def _encode(self, pack: Pack, device: torch.device) -> Tensor:
        """Features (C, D) of a pack's captions."""
        ids, positions, paths, sources, ends = (to_device(torch.from_numpy(part), device) for part in pack[:5])
        x = self.token_embedding(ids) + self.positional_embedding[positions]  # (T, width)
        for depth, block in enumerate(self.blocks, start=1):
            normed = block.ln_1(x)
            if depth == len(self.blocks):  # from here on the end-of-text tokens alone are read
                x, sources = x[ends], sources[ends]
            x = x + block.ls_1(self._attention(block.attn, normed, paths, sources))
            x = x + block.ls_2(feed_forward(block.mlp, block.ln_2(x)))
        x = self.ln_final(x)
        if isinstance(self.text_projection, nn.Linear):
            x = self.text_projection(x)
        elif self.text_projection is not None:
            x = x @ self.text_projection
        return x[: len(pack.rows)]

    def _attention(self, attention: nn.MultiheadAttention, x: Tensor, paths: Tensor, sources: Tensor) -> Tensor:
        """Causal self-attention of each caption within itself, from the flat list (T, width) to those of it
        that ``sources`` names."""
        projected = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)[paths]  # (C, L, 3 * width)
        query, key, value = projected.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)  # each (C, H, L, d)
        answer = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        answer = answer.transpose(1, 2).reshape(-1, self.width)[sources]
        return F.linear(answer, attention.out_proj.weight, attention.out_proj.bias)

    def digest(self) -> str:
        """SHA-256 of the weights and of what else decides the features: two towers with one digest are the same."""
        activation = type(self.blocks[0].mlp.gelu).__name__
        text = f'{self.num_heads} {activation} {self.pool} {self.end_id}'
        result = hashlib.sha256(text.encode())
        for name, tensor in sorted(self.state_dict().items()):
            tensor = tensor.detach().cpu().contiguous()
            result.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
            result.update(tensor.reshape(-1).view(torch.uint8).numpy())
        return result.hexdigest()


def read_tokens(tower: TextTower, x: Tensor, places: Tensor) -> Tensor:
    """Run the tower on embedded texts, with gradient, and return some of their tokens in the joint space.

    Args:
        tower: the tower, which is causal.
        x: (R, L, width) token and position embeddings; what stands behind the last place changes nothing.
        places: (R, P) the tokens that are read.

    Returns:
        (R, P, D).
    """
    rows = torch.arange(len(x), device=x.device).unsqueeze(1)
    for depth, block in enumerate(tower.blocks, start=1):
        read = (rows, places) if depth == len(tower.blocks) else None
        answer = _attend_causally(block.attn, block.ln_1(x), read)
        x = (x if read is None else x[read]) + block.ls_1(answer)
        x = x + block.ls_2(feed_forward(block.mlp, block.ln_2(x)))
    x = tower.ln_final(x)
    projection = tower.text_projection
    return projection(x) if isinstance(projection, nn.Module) else x if projection is None else x @ projection


def _attend_causally(attention: nn.MultiheadAttention, x: Tensor, read: tuple[Tensor, Tensor] | None) -> Tensor:
    """Causal self-attention of (R, L, width), for all tokens or for those at rows and places alone."""
    projected = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
    query, key, value = projected.unflatten(-1, (3, attention.num_heads, -1)).unbind(dim=2)  # each (R, L, H, d)
    mask = None
    if read is not None:
        query = query[read]
        mask = torch.arange(x.shape[1], device=x.device) <= read[1].unsqueeze(-1)  # (R, P, L)
        mask = mask.unsqueeze(1)
    answer = F.scaled_dot_product_attention(
        query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), mask, is_causal=mask is None
    )
    return F.linear(answer.transpose(1, 2).flatten(2), attention.out_proj.weight, attention.out_proj.bias)


def feed_forward(mlp: nn.Module, x: Tensor) -> Tensor:
    return quick_gelu_mlp(x, mlp.c_fc, mlp.c_proj) if is_quick_gelu(mlp) else mlp(x)


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a CPU tensor to the device without waiting for it."""
    if device.type != 'cuda':
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def _out_dim(projection: nn.Module | Tensor | None, width: int) -> int:
    if projection is None:
        return width
    return projection.out_features if isinstance(projection, nn.Linear) else projection.shape[1]


def _check_tower(source: nn.Module, name: str) -> None:
    """Refuse text towers that are not CLIP's own: the forward pass above would be wrong for them."""
    blocks = getattr(getattr(source, 'transformer', None), 'resblocks', [])
    pool = getattr(source, 'text_pool_type', getattr(source, 'pool_type', None))
    end = getattr(source, 'text_eos_id', getattr(source, 'eos_id', None))
    usual = (
        len(blocks) > 0
        and all(type(block) is ResidualAttentionBlock for block in blocks)
        and (pool == 'argmax' or (pool == 'eos' and end == END_OF_TEXT))
        and getattr(source, 'attn_mask', None) is not None
        and getattr(source, 'cls_emb', None) is None
        and not getattr(source, 'use_pad_mask', False)
    )
    if not usual:
        raise ConfigError(
            f"{name}: its text tower is not CLIP's (causal, read at the end-of-text token); choose another model_name, "
            'or train without text (model.text=None)'
        )
