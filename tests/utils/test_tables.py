"""Tables as text, and text of strangers."""

import os

from next_mm.utils.tables import draw_table
from next_mm.utils.text import printable


def test_numbers_stand_to_the_right_and_brackets_are_no_markup() -> None:
    drawn = draw_table(
        ['name', 'count', 'rate'], [['[bold]a', 1234, 0.5], None, ['sum', 5, 2.0]], title='[t]', caption='note'
    )
    lines = drawn.splitlines()
    assert lines[0].strip() == '[t]' and lines[-1].strip() == 'note' and drawn.endswith('\n')
    row = next(line for line in lines if '[bold]a' in line)
    assert row.split() == ['│', '[bold]a', '│', '1,234', '│', '0.500', '│']


def test_what_steers_a_terminal_is_escaped() -> None:
    assert printable('gate\x1b[31m') == 'gate\\x1b[31m'
    assert printable(os.fsdecode('张'.encode('gbk')) + 'anna') == '\\xd5\\xc5anna'
    assert printable('张三 é\nb') == '张三 é\nb'
    assert printable('a\u202eb') == 'a\\u202eb'
    assert printable('\x1b]0;x\x07').isprintable()
