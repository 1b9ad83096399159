"""Features of the synthetic data's small CLIP, and the loss that pictures and captions are trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.captions.sentences import split_sentences

CLIP_CONFIG = Path(__file__).with_name('clip_synthetic.json')
_KEEP_SENTENCE = 0.75  # as in the training of NEXT, so that parts of captions mean something too
_MEAN, _STD = 127.5, 127.5


def encode_pictures(clip: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features of (B, H, W, 3) uint8 pictures: class token (B, D), and patch tokens (B, N, D), in the joint space."""
    visual = clip.visual
    visual.output_tokens = True
    classes, patches = visual((pictures.permute(0, 3, 1, 2).float() - _MEAN) / _STD)
    return classes, patches @ visual.proj


def encode_captions(clip: nn.Module, captions: list[str]) -> Tensor:
    """Features (B, D) of captions; tokens are cut to the longest, which changes nothing in a causal tower."""
    tokens = open_clip.tokenize(captions)
    ends = tokens.argmax(-1)
    length = int(ends.max()) + 1
    x = clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length]
    x = clip.ln_final(clip.transformer(x, attn_mask=clip.attn_mask[:length, :length]))
    return x[torch.arange(len(x)), ends] @ clip.text_projection


def contrastive_loss(pictures: Tensor, captions: Tensor, scale: Tensor) -> Tensor:
    """CLIP's symmetric cross entropy of (B, D) pictures and (B, D) captions, the partner in the same row."""
    logits = scale * F.normalize(pictures, dim=-1) @ F.normalize(captions, dim=-1).T
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def some_sentences(caption: str, rng: np.random.Generator) -> str:
    """Keep each sentence with the probability of NEXT's training; all of them where none would be left."""
    sentences = split_sentences(caption)
    kept = [sentence for sentence in sentences if rng.random() < _KEEP_SENTENCE]
    return ' '.join(kept or sentences)
