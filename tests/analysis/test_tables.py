"""Tables: means and spreads, three formats, blocks of documents."""

from __future__ import annotations

import csv
import io

import pytest

from next_mm.analysis.tables import Stat, Table, replace_block


@pytest.fixture
def table() -> Table:
    table = Table('Ours_1 & theirs', ['row', 'mAP', 'params'], bold=('mAP',))
    table.add(['a | b', Stat.of([1.0, 2.0, 3.0]), 88.5])
    table.add(['50 %', Stat.of([4.04]), None])
    table.notes = ['A note.']
    return table


def test_stat_is_mean_and_sample_deviation():
    assert Stat.of([1.0, 2.0, 3.0]) == Stat(2.0, 1.0, 3)
    assert Stat.of([5.0]).std is None
    with pytest.raises(ValueError, match='at least one'):
        Stat.of([])


def test_markdown(table):
    assert table.markdown() == (
        '**Ours_1 & theirs**\n\n| row | mAP | params |\n| :--- | ---: | ---: |\n'
        '| a \\| b | 2.0 ± 1.0 | 88.5 |\n| 50 % | **4.0** | - |\n\nA note.\n'
    )


def test_latex_is_escaped_and_balanced(table):
    text = table.latex()
    assert r'Ours\_1 \& theirs. A note.' in text
    assert r'2.0 $\pm$ 1.0 & 88.5 \\' in text and r'50 \% & \textbf{4.0} & - \\' in text
    assert text.count('{') == text.count('}')


def test_csv_keeps_full_precision(table):
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows == [
        ['row', 'mAP', 'mAP std', 'mAP seeds', 'params'],
        ['a | b', '2.0', '1.0', '3', '88.5'],
        ['50 %', '4.04', '', '1', ''],
    ]


def test_a_short_row_is_refused(table):
    with pytest.raises(ValueError, match=r'expected 3 cells \(row, mAP, params\), got 2'):
        table.add(['a', 1.0])


def test_empty_columns_are_dropped():
    table = Table('', ['row', 'mAP', 'params'], [['a', None, 0.0], ['b', None, None]], bold=('mAP',))
    table.drop_empty_columns()
    assert (
        table.columns == ['row', 'params']
        and table.rows == [['a', 0.0], ['b', None]]
        and '| a | 0.0 |' in table.markdown()
    )


def test_three_files_are_written(table, tmp_path):
    assert [path.name for path in table.write(tmp_path / 'deep' / 'table4')] == [
        'table4.md',
        'table4.csv',
        'table4.tex',
    ]
    assert {path.name for path in (tmp_path / 'deep').iterdir()} == {'table4.md', 'table4.csv', 'table4.tex'}


def test_a_block_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('before\n<!-- begin x -->\nold\n<!-- end x -->\nafter\n')
    for text in ('new', 'newer'):
        replace_block(page, 'x', text)
        assert page.read_text() == f'before\n<!-- begin x -->\n{text}\n<!-- end x -->\nafter\n'
    with pytest.raises(ValueError, match='begin y'):
        replace_block(page, 'y', 'z')
