"""A contact sheet shows every picture unstretched, and every caption whole."""

from __future__ import annotations

import numpy as np
import pytest

from next_mm.visualization.contact_sheet import SheetCell, draw_contact_sheet
from next_mm.visualization.text import text_width, wrap_text


def flat(level: int, size: tuple[int, int] = (40, 20)) -> np.ndarray:
    return np.full((*size, 3), (level, 0, 200), np.uint8)  # no colour of a text


def count(sheet: np.ndarray, level: int) -> int:
    return int((sheet == (level, 0, 200)).all(axis=2).sum())


def test_pictures_are_drawn_unstretched_and_absent_ones_are_marked() -> None:
    cells = [SheetCell([flat(77), None, flat(99, (20, 40))], 'one'), SheetCell([flat(120)] * 3, 'two')]
    sheet = draw_contact_sheet('title', [cells], height=160)
    assert count(sheet, 77) == 160 * 80  # twice as high as wide
    assert count(sheet, 99) == 80 * 40  # as wide as its place, half as high as wide
    assert count(sheet, 120) == 3 * 160 * 80


def test_captions_make_room_below_and_labels_above() -> None:
    plain = draw_contact_sheet('t', [[SheetCell([flat(77)] * 3, 'a')]])
    captioned = draw_contact_sheet('t', [[SheetCell([flat(77)] * 3, 'a', ('A man in red. ' * 9, None, 'A man.'))]])
    shared = draw_contact_sheet('t', [[SheetCell([flat(77)] * 3, 'a', ('A man.', 'A man.', 'A man.'))]])
    labelled = draw_contact_sheet('t', [[SheetCell([flat(77)] * 3, 'a long name ' * 9)]])
    assert captioned.shape[0] > shared.shape[0] + 30 > plain.shape[0] + 30
    assert labelled.shape[0] > plain.shape[0] and labelled.shape[1] == plain.shape[1]
    assert count(captioned, 77) == count(labelled, 77) == count(plain, 77)  # nothing covers a picture


def test_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="contact sheet 't': expected pictures, got none"):
        draw_contact_sheet('t', [[SheetCell([None] * 3, 'a')]])


@pytest.mark.parametrize('text', ['A man in a red coat and blue trousers.', 'Человеквкрасномпальто' * 4, 'x' * 90, ''])
def test_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap_text(text, 11, 120, 40)
    assert all(text_width(line, 11) <= 120 for line in lines)
    assert ''.join(lines).replace(' ', '') == text.replace(' ', '')
