"""Which attribute values a text mentions, by the schema's patterns: the reader behind the checker and the report."""

from __future__ import annotations

import re
from functools import lru_cache

from next_mm.captioning.attributes.schema import Attribute, Schema


def read_attributes(text: str, schema: Schema) -> dict[str, set[str]]:
    """Values that a caption states.

    Args:
        text: a caption.
        schema: its ``match`` patterns say what a value looks like in a text.

    Returns:
        Attribute name to the values mentioned; attributes that are not mentioned are left out.
    """
    found: dict[str, set[str]] = {}
    for name, attribute in schema.attributes.items():
        if attribute.qualifies:
            values = _qualifiers(text, attribute, attribute.qualifies, schema)
        else:
            values = {value for value, pattern in _patterns(_Key(name, attribute)) if pattern.search(text)}
            if values >= {'yes', 'no'}:
                values = {'no'}  # a "no" repeats the words of the "yes" it denies
        if values:
            found[name] = values
    return found


class _Key:
    """An attribute as a key: equal where name and definition are."""

    def __init__(self, name: str, attribute: Attribute) -> None:
        self.name, self.attribute = name, attribute
        self._text = f'{name} {attribute.values} {attribute.match}'

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other._text == self._text


@lru_cache(maxsize=256)
def _patterns(key: _Key) -> list[tuple[str, re.Pattern[str]]]:
    attribute = key.attribute
    compiled = []
    for value, others in attribute.values.items():
        templates = attribute.match.get(value, ()) if isinstance(attribute.match, dict) else attribute.match
        words = '(?:' + '|'.join(re.escape(w) for w in sorted({value, *others}, key=len, reverse=True)) + ')'
        pattern = '|'.join(rf'(?<![\w-]){template.replace("{value}", words)}(?![\w-])' for template in templates)
        if pattern:
            compiled.append((value, re.compile(pattern, re.IGNORECASE)))
    return compiled


@lru_cache(maxsize=256)
def _qualifier_pattern(words: tuple[str, ...], nouns: tuple[str, ...]) -> re.Pattern[str]:
    def either(texts: tuple[str, ...]) -> str:
        return '|'.join(re.escape(t) for t in sorted(texts, key=len, reverse=True))

    return re.compile(
        rf'\b({either(words)})\b(?: (?!and\b|with\b|or\b|a\b|an\b)[\w-]+){{0,2}}? (?:{either(nouns)})\b', re.IGNORECASE
    )


def _qualifiers(text: str, attribute: Attribute, qualified: str, schema: Schema) -> set[str]:
    """Values of an attribute that stands before a noun, as the colour of a garment: "a red striped jacket"."""
    nouns = (*schema.attributes[qualified].lookup, *noun_stand_ins(qualified, schema))
    pattern = _qualifier_pattern(tuple(attribute.lookup), nouns)
    return {attribute.lookup[match.group(1).casefold()] for match in pattern.finditer(text)}


def noun_stand_ins(name: str, schema: Schema) -> tuple[str, ...]:
    """What a caption says when the kind is not known: "upper clothing", "lower clothing", the subject itself."""
    return (name.replace('_type', ' clothing'), schema.subject)
