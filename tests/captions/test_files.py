"""Caption files: names, reading, writing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from next_mm.captions import caption_path, caption_paths, read_captions, write_captions
from next_mm.errors import DataError


def test_names_are_the_released_ones() -> None:
    assert caption_path('text', 'train', 'nir') == Path('text/train_NI.json')
    assert [path.name for path in caption_paths('text', 'test')] == ['test_RGB.json', 'test_NI.json', 'test_TI.json']
    assert caption_paths('text', 'test', ['A']) == [Path('text/test_A.json')]


@pytest.mark.parametrize('captions', [[], [('a.jpg', 'A man.')], [('a.jpg', 'A "man".'), ('b é.jpg', '一辆车')]])
def test_written_captions_are_read_back(tmp_path: Path, captions: list[tuple[str, str]]) -> None:
    path = tmp_path / 'new' / 'train_RGB.json'
    assert write_captions(path, captions) == len(captions)
    assert read_captions(path) == dict(captions)
    assert [entry['item'] for entry in json.loads(path.read_text(encoding='utf-8'))] == [item for item, _ in captions]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / 'train_RGB.json'
    write_captions(path, [('a.jpg', 'old')])

    def broken() -> object:
        yield ('a.jpg', 'new')
        raise KeyError('lost')

    with pytest.raises(KeyError):
        write_captions(path, broken())  # type: ignore[arg-type]
    assert read_captions(path) == {'a.jpg': 'old'}
    assert [entry.name for entry in tmp_path.iterdir()] == ['train_RGB.json']


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / 'train_RGB.json'
    path.write_text('[{"item": "a.jpg", "description": "A man."}]', encoding='utf-8-sig')
    assert read_captions(path) == {'a.jpg': 'A man.'}


def test_json_that_is_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'train_RGB.json'
    path.write_text('[' * 200_000, encoding='utf-8')
    with pytest.raises(DataError, match='not a readable JSON file'):
        read_captions(path)
