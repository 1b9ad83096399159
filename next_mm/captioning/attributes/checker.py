"""The checker: a composed caption may say only what is in its attribute set."""

from __future__ import annotations

import re

from next_mm.captioning.attributes.mentions import noun_stand_ins, read_attributes
from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.plates import find_plates
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.template import TokenCounter, compose_sentences
from next_mm.captioning.attributes.unknown import unknown_words
from next_mm.captions.tokenizer import CONTEXT_LENGTH, count_tokens

_COLOURS = """
amber apricot aqua azure beige black blue bronze brown burgundy charcoal chocolate cobalt copper coral cream
crimson cyan gold golden gray grey green indigo ivory khaki lavender lilac lime magenta maroon mauve mint
mustard navy ochre olive orange peach pink plum purple red rose ruby rust salmon scarlet silver tan taupe teal
turquoise vermilion violet white yellow
"""
COLOURS = frozenset(_COLOURS.split())
"""Colour words that a caption may use only if an attribute says them."""

LONGEST_CAPTION = 4000
"""Letters; what is longer is not looked at."""

_WORD = re.compile(r"[^\W\d_][\w'-]*")


def check_caption(
    text: str,
    attributes: AttributeSet,
    schema: Schema,
    budget: int = CONTEXT_LENGTH,
    count: TokenCounter = count_tokens,
) -> list[str]:
    """What is wrong with a composed caption, in words that can be handed back to the model; empty if nothing is.

    Checked are invented or swapped values, colours and objects that no attribute has, words for "unknown", licence
    plates, an empty text, and the length in CLIP tokens.
    """
    if not text.strip():
        return ['the caption is empty']
    if len(text) > LONGEST_CAPTION:
        return [f'it has {len(text)} letters, far more than a caption takes']
    known = {n: o.value for n, o in attributes.items() if o.value is not None and o.confidence >= schema.mention_from}
    problems = [
        f'it says {name} is {" or ".join(sorted(values))}, the attributes say {known.get(name, "nothing of it")}'
        for name, values in read_attributes(text, schema).items()
        if not values <= _also(known.get(name), name, schema)
    ]
    allowed = _allowed_words(attributes, known, schema)
    words = {word.casefold() for word in _WORD.findall(text)}
    invented = sorted({w for w in words if w in COLOURS or _singular(w) in _objects(schema)} - allowed)
    problems += [f'it adds {word!r}, which no attribute says' for word in invented if _singular(word) not in allowed]
    problems += [f'it says {word!r}' for word in unknown_words(text)]
    if find_plates(text, schema.plain_words):
        problems.append('it holds what reads like a licence plate')
    if re.search(r'[^\x00-\u024f\u2010-\u201f]', text):
        problems.append('it is not in Latin script')
    length = count(text) + 2
    if length > budget:
        problems.append(f'it has {length} CLIP tokens, {budget} are allowed')
    return problems


def _also(value: str | None, name: str, schema: Schema) -> set[str]:
    """``value`` and the values whose other names are its own too ("dark" lighting is dim)."""
    if value is None:
        return set()
    attribute = schema.attributes[name]
    said = {value.casefold(), *(t.casefold() for t in attribute.values.get(value, ()))}
    return {value} | {v for v, others in attribute.values.items() if said & {t.casefold() for t in (v, *others)}}


def _objects(schema: Schema) -> frozenset[str]:
    """Nouns that stand for something to be seen: values of attributes that name things, and the schema's own list."""
    nouns = {
        word
        for a in schema.attributes.values()
        if not a.environment
        for text in a.lookup
        for word in text.split()
        if len(word) > 3 and '-' not in word
    }
    return frozenset(
        _singular(word.casefold()) for word in nouns | {w for text in schema.objects for w in text.split()}
    )


def _singular(word: str) -> str:
    return word[:-1] if word.endswith('s') and not word.endswith('ss') and len(word) > 3 else word


def _allowed_words(attributes: AttributeSet, known: dict[str, str], schema: Schema) -> set[str]:
    """Words of the known values and their other names, of the attributes' names, and of the template's own caption."""
    texts = [' '.join(compose_sentences(attributes, schema)), schema.subject]
    for name, value in known.items():
        attribute = schema.attributes[name]
        texts += [value, *attribute.values.get(value, ()), name.replace('_', ' '), *noun_stand_ins(name, schema)]
    words = {w.casefold() for text in texts for w in _WORD.findall(text)}
    return words | {_singular(w) for w in words}
