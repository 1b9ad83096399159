"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from next_mm.utils.files import staged, write_atomically


def test_text_and_bytes(tmp_path: Path) -> None:
    write_atomically(tmp_path / 'new' / 'a.txt', ['one ', 'zwölf'])
    assert (tmp_path / 'new' / 'a.txt').read_bytes() == 'one zwölf'.encode()
    write_atomically(tmp_path / 'new' / 'a.txt', [b'\x00', b'\xff'])
    assert (tmp_path / 'new' / 'a.txt').read_bytes() == b'\x00\xff'


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / 'a.txt'
    path.write_text('old')

    def pieces():
        yield 'half'
        raise KeyError('x')

    with pytest.raises(KeyError):
        write_atomically(path, pieces())
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_what_is_staged_is_not_there_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / 'deep' / 'model.pth'
    with staged(path) as part:
        part.write_bytes(b'weights')
        assert not path.exists() and not list(path.parent.glob('*.pth'))
    assert path.read_bytes() == b'weights' and list(path.parent.iterdir()) == [path]
