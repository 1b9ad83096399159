"""The little language of caption sentences: values, optional parts, alternatives, lists, articles and pronouns.

=============  =======================================================================================
``{x}``        value of attribute x; when it is not known, the part around it vanishes
``{x=v}``      shows nothing; the part around it vanishes unless x is v
``{a}``        "a" or "an", by the next word; ``{a:x}`` shows nothing where x's value is a plural
``{he}``       pronoun; ``{He}`` with a capital
``[p|q]``      the first of the alternatives that can be filled, or nothing
``(p|q)``      the first of the alternatives that can be filled; one must be
``<p;q;r>``    those that can be filled, joined by commas and "and"; at least one must be
=============  =======================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

_TOKEN = re.compile(r'\{[^{}]*\}|[\[\]()|<>;]|[^\[\]()|<>;{}]+')
_CLOSE = {'[': ']', '(': ')', '<': '>'}
_SEPARATOR = {']': '|', ')': '|', '>': ';', '': ''}
_KIND = {']': 'optional', ')': 'choice', '>': 'list', '': 'seq'}
_ARTICLE = re.compile('\x00(\\s*)(\\w?)')
_FIELD = re.compile(r'\{(?:(a)(?::(\w+))?|(\w+)(?:=([^{}]+))?)\}')


@dataclass(frozen=True)
class Text:
    """Fixed words."""

    text: str


@dataclass(frozen=True)
class Value:
    """The value of an attribute; with ``equals``, only a condition."""

    name: str
    equals: str | None = None


@dataclass(frozen=True)
class Article:
    """An indefinite article, not before plural values of ``name``."""

    name: str | None = None


@dataclass(frozen=True)
class PronounMark:
    """Place of the pronoun."""

    capital: bool


@dataclass(frozen=True)
class Group:
    """``seq``: all parts in turn; ``choice`` and ``optional``: the first that fits; ``list``: all that fit, joined."""

    kind: str
    parts: tuple[Node, ...]


Node = Union[Text, Value, Article, PronounMark, Group]


@dataclass(frozen=True)
class Filling:
    """What a template is filled with: values of attributes or ``None``, whether they are plurals, the pronoun."""

    value: Callable[[str], str | None]
    phrase: Callable[[str], str]
    plural: Callable[[str], bool]
    pronoun: str


def parse_template(text: str) -> Node:
    """Parse one sentence.

    Raises:
        ValueError: brackets that do not match, or braces that hold something else than this language knows.
    """
    tokens = _TOKEN.findall(text)
    if ''.join(tokens) != text:
        raise ValueError(f'sentence {text!r}: a brace has no partner')
    node, rest = _alternatives(tokens, 0, '', text)
    if rest != len(tokens):
        raise ValueError(f'sentence {text!r}: {tokens[rest]!r} has no partner')
    return node


def _alternatives(tokens: list[str], at: int, close: str, text: str) -> tuple[Node, int]:
    separator = _SEPARATOR[close]
    options: list[Node] = []
    parts: list[Node] = []
    while at < len(tokens) and tokens[at] != close:
        token = tokens[at]
        if token == separator:
            options.append(Group('seq', tuple(parts)))
            parts = []
        elif token in _CLOSE:
            node, at = _alternatives(tokens, at + 1, _CLOSE[token], text)
            parts.append(node)
        elif token in _KIND:
            raise ValueError(f'sentence {text!r}: {token!r} has no partner')
        else:
            parts.append(_field(token, text) if token.startswith('{') else Text(token))
        at += 1
    if close and at == len(tokens):
        raise ValueError(f'sentence {text!r}: {close!r} is missing')
    options.append(Group('seq', tuple(parts)))
    return (Group(_KIND[close], tuple(options)) if close else options[0]), at


def _field(token: str, text: str) -> Node:
    if token in ('{he}', '{He}'):
        return PronounMark(token == '{He}')
    match = _FIELD.fullmatch(token)
    if match is None:
        raise ValueError(f'sentence {text!r}: {token} is neither a value, a condition, an article nor a pronoun')
    article, of, name, equals = match.groups()
    return Article(of) if article else Value(name, equals)


def placeholders(node: Node) -> set[str]:
    """Names of the attributes that a template mentions."""
    if isinstance(node, Group):
        return set().union(*map(placeholders, node.parts)) if node.parts else set()
    name = getattr(node, 'name', None)
    return {name} if name else set()


def fill(node: Node, filling: Filling) -> str | None:
    """Fill one sentence; ``None`` when a value that it cannot do without is not known."""
    text = _render(node, filling)
    if text is None:
        return None
    text = re.sub(r'\s+', ' ', _ARTICLE.sub(_article, text)).strip()
    return text[:1].upper() + text[1:] if text else None


def _article(match: re.Match[str]) -> str:
    return ('an' if match[2].lower() in tuple('aeiou') else 'a') + match[1] + match[2]


def _render(node: Node, filling: Filling) -> str | None:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, PronounMark):
        return filling.pronoun[:1].upper() + filling.pronoun[1:] if node.capital else filling.pronoun
    if isinstance(node, Article):
        return '' if node.name and filling.plural(node.name) else '\0'
    if isinstance(node, Value):
        value = filling.value(node.name)
        if node.equals is not None:
            return '' if value == node.equals else None
        return None if value is None else filling.phrase(node.name)
    texts = [_render(part, filling) for part in node.parts]
    if node.kind == 'seq':
        return None if None in texts else ''.join(t for t in texts if t is not None)
    known = [t for t in texts if t is not None]
    if not known:
        return '' if node.kind == 'optional' else None
    if node.kind != 'list':
        return known[0]
    return known[0] if len(known) == 1 else ', '.join(known[:-1]) + ' and ' + known[-1]
