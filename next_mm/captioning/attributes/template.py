"""Captions from attributes by template, within a budget of CLIP tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from next_mm.captioning.attributes.grammar import Filling, fill
from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.schema import Schema
from next_mm.captions.tokenizer import CONTEXT_LENGTH, count_tokens

TokenCounter = Callable[[str], int]


def filling_of(attributes: AttributeSet, schema: Schema, unknown_as: str | None = None) -> Filling:
    """What the sentences are filled with.

    Args:
        attributes: of one modality of one triplet.
        schema: thresholds, phrases, plurals and the pronoun.
        unknown_as: a word put for what is not known; by default it is left out.
    """

    def value(name: str) -> str | None:
        observation = attributes.get(name)
        if observation is None:
            return None
        if observation.value is None or observation.confidence < schema.mention_from:
            return unknown_as
        return observation.value

    def phrase(name: str) -> str:
        said = value(name) or ''
        return schema.attributes[name].phrases.get(said, said)

    return Filling(
        value,
        phrase,
        lambda name: value(name) in schema.attributes[name].plural,
        schema.pronoun.of(value(schema.pronoun.attribute)),
    )


def compose_sentences(attributes: AttributeSet, schema: Schema, unknown_as: str | None = None) -> list[str]:
    """The schema's sentences that can be filled, in its order (the best to tell identities apart first)."""
    filling = filling_of(attributes, schema, unknown_as)
    return [text for text in (fill(template, filling) for template in schema.templates) if text]


def fit_budget(sentences: Iterable[str], budget: int, count: TokenCounter = count_tokens) -> list[str]:
    """Keep the sentences, in their order, that fit into ``budget`` CLIP tokens, start and end of text counted.

    A sentence that does not fit is left out whole; a shorter one after it may still fit. The first is always kept.
    """
    kept: list[str] = []
    used = 2
    for sentence in sentences:
        length = count(sentence)
        if not kept or used + length <= budget:
            kept.append(sentence)
            used += length
    return kept


def compose_caption(
    attributes: AttributeSet, schema: Schema, budget: int = CONTEXT_LENGTH, count: TokenCounter = count_tokens
) -> str:
    """One caption by template: only what is known, at most ``budget`` CLIP tokens, no network."""
    return ' '.join(fit_budget(compose_sentences(attributes, schema), budget, count))
