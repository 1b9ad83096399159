"""Captions of a triplet: sample sentences (Eq. 4), turn them into CLIP tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from next_mm.captions import split_sentences
from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT, START_OF_TEXT, encode_text, is_plain, warm_up
from next_mm.registry import TRANSFORMS
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_integer, check_number

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
        check_integer('SampleSentences.num_subsets', num_subsets, 1)
        check_number('SampleSentences.keep_prob', keep_prob, 0, 1, above=True)
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
    """Turn sampled sentences into the CLIP tokens of the joined text (:func:`next_mm.captions.tokenizer.encode_text`).

    Every sentence of the dataset is tokenised once, before the workers start. A text beyond the context loses whole
    sentences at its end (a single sentence beyond it is cut inside). Adds ``tokens``: (S, 3, context_length) int32,
    zeros behind the end-of-text token, and ``lengths``: (S, 3) int64, how many of them are in use.

    Args:
        context_length: tokens of a text with its start and end mark; 77 in CLIP.
        whole_sentences: with ``False`` a text beyond the context is cut inside a sentence, as
            CLIP's own tokeniser does.
    """

    def __init__(self, *, context_length: int = CONTEXT_LENGTH, whole_sentences: bool = True) -> None:
        check_integer('TokenizeCaptions.context_length', context_length, 3)
        self.context_length = context_length
        self.whole_sentences = whole_sentences
        self._ids: dict[str, bytes] = {}

    def attach(self, captions: Iterable[str]) -> None:
        """Tokenise all captions of a dataset ahead of time and say once how many are too long.

        Args:
            captions: every caption, with repetitions.
        """
        warm_up()
        total = cut = 0
        for caption in captions:
            sentences = split_sentences(caption)
            total += 1
            cut += sum(len(self._encode(sentence)) for sentence in sentences) // 4 > self.context_length - 2
        if cut:
            print_log(
                f'{cut} of {total} captions ({cut / total:.1%}) are longer than {self.context_length} tokens: '
                + (
                    'sentences that do not fit are cut at their end.' if self.whole_sentences else 'they are cut there.'
                ),
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
                line[0] = START_OF_TEXT
                line[1 : 1 + len(ids)] = ids
                line[1 + len(ids)] = END_OF_TEXT
                lengths[subset, modality] = len(ids) + 2
        results['tokens'], results['lengths'] = tokens, lengths
        return results

    def _fit(self, sentences: Sequence[str]) -> np.ndarray:
        """Return the token ids of the leading sentences that fit between the marks; at least
        one, cut inside if need be."""
        room = 4 * (self.context_length - 2)
        if not self.whole_sentences:
            return np.frombuffer(self._encode(' '.join(sentences))[:room], np.int32)
        if not all(map(is_plain, sentences)):
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
        """Return the token ids of a sentence or text as int32 bytes, from the cache where they are known."""
        ids = self._ids.get(text)
        if ids is None:
            ids = np.array(encode_text(text), np.int32).tobytes()
            if len(self._ids) < _CACHED_TEXTS:
                self._ids[text] = ids
        return ids


@TRANSFORMS.register_module()
class DropCaptions(BaseTransform):
    """Take all captions of a triplet away, as if it had none; goes between TokenizeCaptions and PackTriplet.

    In a test pipeline it makes every triplet comparable with those that have no caption; in training it is dropout.

    Args:
        prob: how often the captions are taken away.
    """

    def __init__(self, *, prob: float = 1.0) -> None:
        check_number('DropCaptions.prob', prob, 0, 1)
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if 'has_text' in results and np.random.rand() < self.prob:
            results['has_text'] = np.zeros(NUM_MODALITIES, bool)
        return results
