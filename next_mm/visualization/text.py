"""Text in pictures: letters of any script, as far as a font on this machine has them; the rest escaped readably."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font
from PIL import ImageDraw, ImageFont

from next_mm.utils.text import printable

__all__ = ['clip_text', 'draw_text', 'text_width', 'wrap_text']

# Pillow's own font has no check mark; matplotlib, which mmengine needs anyway, brings one that has.
_FONT = str(Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf')


def draw_text(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, fill: tuple[int, int, int]
) -> None:
    """Draw one line of text with its upper left corner at ``place``."""
    left, baseline = place[0], place[1] + _font(_FONT, size).getmetrics()[0]  # fonts differ in height
    for font, run in _runs(text, size):
        draw.text((left, baseline), run, fill=fill, font=font, anchor='ls')
        left += font.getlength(run)


def text_width(text: str, size: int) -> float:
    """Return the width of a line in pixels."""
    return sum(font.getlength(run) for font, run in _runs(text, size))


def clip_text(text: str, size: int, width: float) -> str:
    """Return a text, shortened in the middle with dots where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    kept = len(text)
    while kept > 2 and text_width(_shorten(text, kept), size) > width:
        kept -= 1
    return _shorten(text, kept)


def wrap_text(text: str, size: int, width: float, lines: int) -> list[str]:
    """Break a text into at most ``lines`` lines of ``width`` pixels, between words where there are; dots end what does
    not fit.
    """
    broken = ['']
    for word in text.split():
        longer = f'{broken[-1]} {word}'.strip()
        if text_width(longer, size) <= width:
            broken[-1] = longer
            continue
        first, *others = _break_word(word, size, width)
        broken += [first, *others] if broken[-1] else others
        broken[-len(others) - 1] = first
    if len(broken) > lines:
        broken = [*broken[: lines - 1], f'{broken[lines - 1]} …']
    return [clip_text(line, size, width) for line in broken if line]


def _break_word(word: str, size: int, width: float) -> list[str]:
    """Break a word that is wider than a line, such as a sentence of a script without blanks."""
    pieces = ['']
    for letter in word:
        if pieces[-1] and text_width(pieces[-1] + letter, size) > width:
            pieces.append('')
        pieces[-1] += letter
    return pieces


def _shorten(text: str, kept: int) -> str:
    return f'{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}'


def _runs(text: str, size: int) -> list[tuple[ImageFont.FreeTypeFont, str]]:
    """Cut a text into runs of one font each."""
    runs: list[tuple[str, str]] = []
    for letter in printable(text):
        path = _find_font(letter)
        shown = letter if path is not None else f'\\u{ord(letter):04x}'
        path = path or _FONT
        if runs and runs[-1][0] == path:
            runs[-1] = (path, runs[-1][1] + shown)
        else:
            runs.append((path, shown))
    return [(_font(path, size), run) for path, run in runs]


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@cache
def _find_font(letter: str) -> str | None:
    """Return the first font that has a letter: DejaVu Sans, else one of the system; None where no font has it."""
    if ord(letter) in _letters(_FONT):
        return _FONT
    return next((path for path in _system_fonts() if ord(letter) in _letters(path)), None)


@cache
def _system_fonts() -> tuple[str, ...]:
    """Return the fonts of the system, those of East Asian scripts first."""
    return tuple(sorted(findSystemFonts(), key=lambda path: ('CJK' not in path, path)))


@cache
def _letters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
