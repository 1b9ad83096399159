"""The figures behind a report, gathered in one pass and bounded memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.unknown import unknown_words
from next_mm.captions.sentences import split_sentences
from next_mm.captions.tokenizer import CONTEXT_LENGTH, count_tokens

BINS = 100
"""Confidence is counted in hundredths."""


@dataclass
class TextStatistics:
    """Lengths and unknown words of a set of captions.

    Attributes:
        words, sentences, tokens: of each caption; tokens in CLIP's, start and end counted.
        with_unknown: captions that hold a word for "unknown".
        unknown: those words.
        distinct: hashes of the texts.
    """

    words: list[int] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    with_unknown: int = 0
    unknown: Counter = field(default_factory=Counter)
    distinct: set[int] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Count one caption."""
        parts = split_sentences(text)
        found = unknown_words(text)
        self.words.append(len(text.split()))
        self.sentences.append(len(parts))
        self.tokens.append(2 + sum(map(count_tokens, parts)))
        self.with_unknown += bool(found)
        self.unknown.update(found)
        self.distinct.add(hash(text))

    def row(self) -> dict[str, float]:
        """Means and shares (in percent)."""
        count = max(len(self.words), 1)
        over = sum(tokens > CONTEXT_LENGTH for tokens in self.tokens)
        return {
            'captions': len(self.words),
            'words': sum(self.words) / count,
            'sentences': sum(self.sentences) / count,
            'CLIP tokens': sum(self.tokens) / count,
            f'over {CONTEXT_LENGTH} tokens, %': 100 * over / count,
            'with an unknown word, %': 100 * self.with_unknown / count,
            'distinct, %': 100 * len(self.distinct) / count,
        }


@dataclass
class ConfidenceStatistics:
    """Unknowns and confidences of one source (a model, or a step of the pipeline), by attribute.

    Attributes:
        total, unknown: attribute to number of pictures.
        histogram: attribute to the (101,) counts of the known values' confidence in hundredths.
        sets, incomplete: pictures; those with an unknown among the attributes of the identity.
    """

    total: Counter = field(default_factory=Counter)
    unknown: Counter = field(default_factory=Counter)
    histogram: defaultdict = field(default_factory=lambda: defaultdict(lambda: np.zeros(BINS + 1, np.int64)))
    sets: int = 0
    incomplete: int = 0

    def add(self, attributes: AttributeSet, schema: Schema) -> None:
        """Count one picture's attributes."""
        self.sets += 1
        missing = False
        for name, observation in attributes.items():
            self.total[name] += 1
            if observation.value is None:
                self.unknown[name] += 1
                missing |= not schema.attributes[name].environment
            else:
                self.histogram[name][round(observation.confidence * BINS)] += 1
        self.incomplete += missing

    def unknown_rate(self, names: Iterable[str]) -> float:
        """Percent of the values of these attributes that are unknown; NaN where none was asked for."""
        names = list(names)
        total = sum(self.total[n] for n in names)
        return 100 * sum(self.unknown[n] for n in names) / total if total else float('nan')

    def confidences(self, names: Iterable[str]) -> np.ndarray:
        """(101,) histogram of these attributes together."""
        return sum((self.histogram[n] for n in names if n in self.histogram), np.zeros(BINS + 1, np.int64))


def histogram_mean(histogram: np.ndarray) -> float:
    """Mean confidence of a histogram; NaN for an empty one."""
    return float((histogram * np.arange(BINS + 1)).sum() / histogram.sum() / BINS) if histogram.sum() else float('nan')


def histogram_quantile(histogram: np.ndarray, share: float) -> float:
    """The confidence below which ``share`` of a histogram lies."""
    return float(np.searchsorted(np.cumsum(histogram), share * histogram.sum())) / BINS


class Agreement:
    """Whether an attribute is told alike in the modalities of a triplet, and in the pictures of an identity.

    An unknown rate says nothing about truth; two pictures of the same thing that contradict each other do.
    """

    def __init__(self) -> None:
        self._triplets: Counter = Counter()
        self._agreeing: Counter = Counter()
        self._values: defaultdict = defaultdict(Counter)
        self._by_identity: defaultdict = defaultdict(lambda: defaultdict(Counter))

    def add(self, identity: str, sets: Mapping[str, Mapping[str, str]]) -> None:
        """Count one triplet: modality -> attribute -> known value."""
        values = defaultdict(list)
        for attributes in sets.values():
            for name, value in attributes.items():
                values[name].append(value)
                self._values[name][value] += 1
                self._by_identity[name][identity][value] += 1
        for name, told in values.items():
            if len(told) > 1:
                self._triplets[name] += 1
                self._agreeing[name] += len(set(told)) == 1

    def row(self, name: str) -> dict[str, float]:
        """Percent: triplets whose modalities all say the same; pairs of pictures of one identity that do; any two
        pictures.
        """
        across = 100 * self._agreeing[name] / self._triplets[name] if self._triplets[name] else float('nan')
        counts = [list(c.values()) for c in self._by_identity[name].values()]
        pairs = sum(sum(c) * (sum(c) - 1) for c in counts)
        within = 100 * sum(n * (n - 1) for c in counts for n in c) / pairs if pairs else float('nan')
        told = sum(self._values[name].values())
        chance = 100 * sum((n / told) ** 2 for n in self._values[name].values()) if told else float('nan')
        return {'told': told, 'across modalities, %': across, 'within identity, %': within, 'any two, %': chance}
