"""Captions with words that repeat, as real ones do."""

import numpy as np
import open_clip
import pytest
import torch

from next_mm.models.text import CLIPText

SENTENCES = (
    'A young man in a red jacket.',
    'He carries a black backpack.',
    'He wears grey trousers and white shoes.',
    'Seen from behind.',
    'The scene is dark, a lamp glares on the left.',
)


@pytest.fixture(scope='session')
def captions() -> torch.Tensor:
    """All 31 subsets of five sentences, tokenised to (31, 77) int32."""
    texts = [' '.join(s for i, s in enumerate(SENTENCES) if mask >> i & 1) for mask in range(1, 32)]
    return open_clip.get_tokenizer('ViT-B-16')(texts).int()


@pytest.fixture
def encoder(tiny_clip: str) -> CLIPText:
    """A tiny text encoder without cache."""
    return build_encoder(tiny_clip, cache=None)


def build_encoder(model_name: str, seed: int = 0, **options) -> CLIPText:
    """A text encoder with random weights from a seed."""
    torch.manual_seed(seed)
    return CLIPText(model_name=model_name, pretrained=None, **options)


def as_rows(tokens: torch.Tensor) -> list[np.ndarray]:
    """Captions cut behind their end-of-text token."""
    return [row[: row.argmax() + 1] for row in tokens.numpy()]
