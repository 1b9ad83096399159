"""Captions of a triplet: sample sentences (Eq. 4), turn them into CLIP tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from next_mm.captions.sentences import split_sentences
from next_mm.errors import ConfigError
from next_mm.registry import TRANSFORMS
from next_mm.triplet import NUM_MODALITIES

_CACHED_TEXTS = 500_000  # a sentence takes about 300 bytes with its tokens


@TRANSFORMS.register_module()
class SampleSentences(BaseTransform):
    """Keep each sentence of a caption with a probability, by itself for each expert and modality, never none (Eq. 4).

    Adds ``sentences`` (S lists of three tuples of strings) and ``has_text`` ((3,) bool). A modality without
    a caption takes that of the first other modality of the sample that has one; an absent modality neither gives nor
    takes. Does nothing where the record has no captions at all.

    Args:
        num_subsets: S, the subsets to draw: the number of semantic experts in training, 1 in testing.
        keep_prob: how often a sentence is kept; 1.0 gives the whole caption.
    """

    def __init__(self, *, num_subsets: int = 3, keep_prob: float = 0.75) -> None:
        if num_subsets < 1 or not 0 < keep_prob <= 1:
            raise ConfigError(
                f'SampleSentences: expected num_subsets >= 1 and keep_prob in (0, 1], got {num_subsets} and {keep_prob}'
            )
        self.num_subsets = num_subsets
        self.keep_prob = keep_prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if results['captions'] is None:
            return results
        present = [image is not None for image in results.get('imgs', results['img_paths'])]
        captions = [
            split_sentences(text) if text and there else () for text, there in zip(results['captions'], present)
        ]
        fallback: tuple[str, ...] = next(filter(None, captions), ())
        captions = [(own or fallback) if there else () for own, there in zip(captions, present)]
        results['sentences'] = [[self._sample(caption) for caption in captions] for _ in range(self.num_subsets)]
        results['has_text'] = np.array([bool(caption) for caption in captions])
        return results

    def _sample(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        if self.keep_prob == 1 or len(sentences) < 2:
            return sentences
        kept = np.random.rand(len(sentences)) < self.keep_prob
        if not kept.any():
            kept[np.random.randint(len(sentences))] = True
        return tuple(sentence for sentence, keep in zip(sentences, kept.tolist()) if keep)


@TRANSFORMS.register_module()
class TokenizeCaptions(BaseTransform):
    """Turn sampled sentences into CLIP tokens, as ``open_clip.SimpleTokenizer`` does with the joined text.

    Every sentence of the dataset is tokenised once, before the workers start. A text beyond the context loses whole
    sentences at its end (a single sentence beyond it is cut inside). Adds ``tokens``: (S, 3, context_length) int32,
    zeros behind the end-of-text token, and ``lengths``: (S, 3) int64, how many of them are in use.

    Args:
        context_length: tokens of a text with its start and end mark; 77 in CLIP.
    """

    def __init__(self, *, context_length: int = 77) -> None:
        if context_length < 3:
            raise ConfigError(f'TokenizeCaptions: context_length should be at least 3, got {context_length}')
        self.context_length = context_length
        self._words: dict[str, bytes] = {}
        self._ids: dict[str, bytes] = {}

    @cached_property
    def _tokenizer(self) -> Any:
        from open_clip.tokenizer import SimpleTokenizer  # takes two seconds, and runs without text never need it

        return SimpleTokenizer()

    def attach(self, captions: Iterable[str]) -> None:
        """Tokenise all captions of a dataset ahead of time and say once how many are too long.

        Args:
            captions: every caption, with repetitions.
        """
        total = cut = 0
        for caption in captions:
            sentences = split_sentences(caption)
            total += 1
            cut += sum(len(self._encode(sentence)) for sentence in sentences) // 4 > self.context_length - 2
        if cut:
            print_log(
                f'{cut} of {total} captions ({cut / total:.1%}) are longer than {self.context_length} tokens: '
                'sentences that do not fit are cut at their end.',
                logger='current',
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if 'sentences' not in results:
            return results
        subsets = results['sentences']
        tokens: np.ndarray = np.zeros((len(subsets), NUM_MODALITIES, self.context_length), np.int32)
        lengths: np.ndarray = np.zeros(tokens.shape[:2], np.int64)
        for subset, sampled in enumerate(subsets):
            for modality, sentences in enumerate(sampled):
                ids = self._fit(sentences)
                line = tokens[subset, modality]
                line[0] = self._tokenizer.sot_token_id
                line[1 : 1 + len(ids)] = ids
                line[1 + len(ids)] = self._tokenizer.eot_token_id
                lengths[subset, modality] = len(ids) + 2
        results['tokens'], results['lengths'] = tokens, lengths
        return results

    def _fit(self, sentences: Sequence[str]) -> np.ndarray:
        """Token ids of the leading sentences that fit between start and end mark; at least one, cut
        inside if it must be."""
        room = 4 * (self.context_length - 2)
        if not all(map(_is_plain, sentences)):
            return np.frombuffer(self._fit_joined(sentences, room), np.int32)
        pieces: list[bytes] = []
        for piece in map(self._encode, sentences):
            if len(piece) > room:
                pieces = pieces or [piece[:room]]
                break
            room -= len(piece)
            pieces.append(piece)
        return np.frombuffer(b''.join(pieces), np.int32)

    def _fit_joined(self, sentences: Sequence[str], room: int) -> bytes:
        for count in range(len(sentences), 1, -1):
            ids = self._encode(' '.join(sentences[:count]))
            if len(ids) <= room:
                return ids
        return self._encode(sentences[0])[:room]

    def _encode(self, text: str) -> bytes:
        """Token ids of a sentence or text as int32 bytes, from the cache where they are known."""
        ids = self._ids.get(text)
        if ids is None:
            plain = _is_plain(text)
            ids = (
                b''.join(map(self._encode_word, self._tokenizer.pat.findall(text.lower())))
                if plain
                else self._encode_text(text)
            )
            if len(self._ids) < _CACHED_TEXTS:
                self._ids[text] = ids
        return ids

    def _encode_word(self, word: str) -> bytes:
        ids = self._words.get(word)
        if ids is None:
            ids = self._words[word] = self._encode_text(word)
        return ids

    def _encode_text(self, text: str) -> bytes:
        return np.array(self._tokenizer.encode(text), np.int32).tobytes()


def _is_plain(text: str) -> bool:
    """Whether a text can be tokenised word by word.

    The tokenizer's words never span white space, but its repair of broken Unicode and of HTML entities reads the whole
    text. In printable ASCII without "&" it finds nothing to repair.
    """
    return text.isascii() and text.isprintable() and '&' not in text
