"""Keys of a state dict with placeholders, matched and filled; see
:mod:`next_mm.models.conversion.rules` for their grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ['Template']

_HOLE = re.compile(r'\{(\w+)(\*)?(?::([^}]*))?\}')


class Template:
    """A key with placeholders, matched and filled; placeholders stand for the authors' words on both sides."""

    def __init__(self, text: str | None, words_from: str, *, left: bool) -> None:
        self.text = text
        self.left = left
        self.words: dict[str, dict[str, str]] = {}  # placeholder to {their word: our word}
        for name, _, choices in _HOLE.findall(f'{words_from} {text or ""}'):
            if choices:
                pairs = [choice.partition('=') for choice in choices.split('|')]
                self.words[name] = {theirs: ours if equals else theirs for theirs, equals, ours in pairs}
        self.regex = re.compile(self._pattern(text)) if text else None

    def match(self, key: str) -> dict[str, str] | None:
        """What the placeholders stand for, or ``None``."""
        match = self.regex.fullmatch(key) if self.regex else None
        if match is None:
            return None
        back = {name: {ours: theirs for theirs, ours in table.items()} for name, table in self.words.items()}
        return {
            name: word if self.left or name not in back else back[name][word]
            for name, word in match.groupdict().items()
        }

    def fill(self, words: Mapping[str, str]) -> str:
        """The key of these words."""

        def word(hole: re.Match[str]) -> str:
            theirs = words[hole[1]]
            return theirs if self.left else self.words.get(hole[1], {}).get(theirs, theirs)

        return _HOLE.sub(word, self.text or '')

    def _pattern(self, text: str) -> str:
        pattern, end = '', 0
        for hole in _HOLE.finditer(text):
            name = hole[1]
            if name in self.words:
                table = self.words[name]
                body = '|'.join(map(re.escape, table if self.left else table.values()))
            else:
                body = '.+' if hole[2] else '[^.]+'
            pattern += re.escape(text[end : hole.start()])
            pattern += f'(?P={name})' if f'(?P<{name}>' in pattern else f'(?P<{name}>{body})'
            end = hole.end()
        return pattern + re.escape(text[end:])
