"""IDEA's captions: a sentence with learned words in front, and CLIP's text tower read at those words and at the end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT, START_OF_TEXT, encode_text
from next_mm.errors import ConfigError, DataError
from next_mm.models.text.text_tower import TextTower, read_tokens, to_device
from next_mm.triplet import MODALITIES

__all__ = ['FIRST_WORD', 'CaptionSummary', 'encode_prefixes', 'prepend']

FIRST_WORD = 5
"""Place of the first learned word: behind the start mark and four words."""
_HOLE, _STAND_IN = '{learned}', 'X'


def encode_prefixes(prefixes: Mapping[str, str], num_words: int) -> list[tuple[int, ...]]:
    """Tokens of each modality's sentence, with stand-ins for the learned words.

    Args:
        prefixes: modality to its sentence: four words, ``{learned}``, and the rest.
        num_words: how many learned words there are.

    Raises:
        ConfigError: a modality is missing or unknown, or the learned words would not stand at their place.
    """
    if sorted(prefixes) != sorted(MODALITIES):
        raise ConfigError(f'model.prefixes: expected {", ".join(MODALITIES)}, got {", ".join(map(str, prefixes))}')
    stand_in = encode_text(_STAND_IN)
    encoded = []
    for name in MODALITIES:
        sentence = prefixes[name]
        ids = encode_text(sentence.replace(_HOLE, ' '.join([_STAND_IN] * num_words)))
        start = FIRST_WORD - 1  # without the start mark
        if sentence.count(_HOLE) != 1 or ids[start : start + num_words] != stand_in * num_words:
            raise ConfigError(
                f'model.prefixes.{name}={sentence!r}: expected four words of one token each, {_HOLE}, and the rest'
            )
        if len(ids) > CONTEXT_LENGTH - 3:
            raise ConfigError(f'model.prefixes.{name} has {len(ids)} tokens, which leave no room for a caption')
        encoded.append(ids)
    return encoded


def prepend(prefixes: list[tuple[int, ...]], tokens: np.ndarray, kept: np.ndarray | None) -> np.ndarray:
    """Put each modality's prefix in front of its caption and cut the text at CLIP's context.

    Args:
        prefixes: token ids of each modality's prefix.
        tokens: (B, 3, L) captions with start and end mark, zeros behind.
        kept: (B, 3) bool, a caption that is not kept becomes an empty one; ``None`` keeps all.

    Returns:
        (B, 3, L') texts with start and end mark, as long as the longest.
    """
    lengths = (tokens == END_OF_TEXT).argmax(axis=2) - 1
    if kept is not None:
        lengths = lengths * kept
    heads = np.array([len(prefix) for prefix in prefixes])
    lengths = np.minimum(lengths, CONTEXT_LENGTH - 2 - heads)
    texts: np.ndarray = np.zeros((*tokens.shape[:2], (lengths + heads).max() + 2), np.int64)
    texts[..., 0] = START_OF_TEXT
    for m, (prefix, head) in enumerate(zip(prefixes, heads)):
        texts[:, m, 1 : 1 + head] = prefix
        for row, caption, length in zip(texts[:, m], tokens[:, m], lengths[:, m]):
            row[1 + head : 1 + head + length] = caption[1 : 1 + length]
            row[1 + head + length] = END_OF_TEXT
    return texts


class CaptionSummary(nn.Module):
    """Mean of what CLIP's frozen text tower says at the end of a text and at its learned words.

    Args:
        width: width of the tower's tokens.
        num_words: number n of learned words.
        prefixes: sentence in front of the captions of each modality, see :func:`encode_prefixes`; ``None`` where the
            captions have it.
    """

    def __init__(self, width: int, num_words: int, prefixes: Mapping[str, str] | None) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.randn(num_words, width))
        self.prefixes = None if prefixes is None else encode_prefixes(prefixes, num_words)

    def forward(self, tower: TextTower, tokens: Tensor, kept: Tensor | None = None) -> Tensor:
        """Map captions (B, 3, L), on the CPU, to their summaries (B, 3, D) in the joint space.

        Args:
            tower: the frozen tower; gradients flow through it to the learned words.
            tokens: token ids with start and end mark.
            kept: (B, 3) bool, captions that count as empty are not kept; ``None`` keeps all.

        Raises:
            DataError: a text that ends in front of the learned words, or has no prefix that could stand alone.
        """
        texts = tokens.numpy()
        if self.prefixes is None and kept is not None:
            raise DataError('model.prefixes=None: a picture without a caption needs a prefix that stands alone')
        if self.prefixes is not None:
            texts = prepend(self.prefixes, texts, None if kept is None else kept.cpu().numpy())
        ends = torch.from_numpy((texts == END_OF_TEXT).argmax(axis=2)).flatten()
        if int(ends.min()) < FIRST_WORD + len(self.words):
            raise DataError(
                f'a text has {int(ends.min()) + 1} tokens, expected more than {FIRST_WORD + len(self.words)}: '
                'set model.prefixes, or give captions that have the prefix'
            )
        words = torch.arange(FIRST_WORD, FIRST_WORD + len(self.words), device=ends.device).expand(len(ends), -1)
        read = torch.cat([ends.unsqueeze(1), words], dim=1)
        device = self.words.device
        ids = to_device(torch.from_numpy(texts).flatten(0, 1).long(), device)
        found = read_tokens(tower, self.embed(tower, ids), to_device(read, device))
        return found.mean(dim=1).unflatten(0, texts.shape[:2])

    def count_macs(self, args: tuple[TextTower, Tensor], output: Tensor) -> int:
        """Count the usual form: of texts of full length every token goes through every layer and the projection."""
        tower, tokens = args[:2]
        count = tokens.shape[0] * tokens.shape[1] * CONTEXT_LENGTH
        return tower.count_tokens(count, projected=count)

    def embed(self, tower: TextTower, ids: Tensor) -> Tensor:
        """Embed texts (R, L), with the learned words and the positions added: (R, L, width)."""
        length = ids.shape[1]
        words = F.pad(self.words, (0, 0, FIRST_WORD, length - FIRST_WORD - len(self.words)))
        return tower.token_embedding(ids) + words + tower.positional_embedding[:length]
