"""ICPL's prompts: a sentence an identity, with learned words (Zhou et al., CoOp, 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT, START_OF_TEXT, encode_text
from next_mm.errors import ConfigError
from next_mm.models.text.text_tower import TextTower, read_tokens

__all__ = ['IdentityPrompts', 'encode_prompts']

_HOLE, _STAND_IN = '{learned}', 'X'


class IdentityPrompts(nn.Module):
    """Learned words of each identity, and the embedded sentence around them.

    Args:
        tower: the text tower that embeds the sentence.
        num_classes: number C of identities.
        template: the sentence, with ``{learned}`` for the learned words.
        num_words: number of learned words n.

    Raises:
        ConfigError: the sentence has no place for the learned words, or more than one.
    """

    def __init__(self, tower: TextTower, num_classes: int, template: str, num_words: int) -> None:
        super().__init__()
        if template.count(_HOLE) != 1:
            raise ConfigError(f'model.template={template!r}: expected a sentence with one {_HOLE}')
        start, end = (encode_text(part) for part in template.split(_HOLE))
        ids = [START_OF_TEXT, *start, *encode_text(_STAND_IN) * num_words, *end, END_OF_TEXT]
        if len(ids) > CONTEXT_LENGTH:
            raise ConfigError(f'model.template has {len(ids)} tokens, expected at most {CONTEXT_LENGTH}')
        self.end = len(ids) - 1
        device = tower.positional_embedding.device
        padded = torch.tensor(ids + [0] * (CONTEXT_LENGTH - len(ids)), device=device)
        embedded = tower.token_embedding(padded).detach()
        self.words = nn.Parameter(0.02 * torch.randn(num_classes, num_words, tower.width))
        self.register_buffer('prefix', embedded[None, : 1 + len(start)].clone())
        self.register_buffer('suffix', embedded[None, 1 + len(start) + num_words :].clone())

    def forward(self, labels: Tensor) -> Tensor:
        """Return the embedded sentences of the identities (R,) up to their end, without positions: (R, L, width)."""
        prefix, suffix = (part.expand(len(labels), -1, -1) for part in (self.prefix, self.suffix))
        return torch.cat([prefix, self.words[labels], suffix], dim=1)[:, : self.end + 1]


def encode_prompts(tower: TextTower, embedded: Tensor) -> Tensor:
    """Return the text features (R, D) of sentences (R, L, width) that end with their end mark."""
    rows, length = embedded.shape[:2]
    places = torch.full((rows, 1), length - 1, device=embedded.device)
    return read_tokens(tower, embedded + tower.positional_embedding[:length], places).squeeze(1)
