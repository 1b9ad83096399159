"""Files are written whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from next_mm.utils.files import remove_leftovers, staged, write_atomically


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


def test_what_a_killed_process_left_goes_and_what_a_running_one_writes_stays(tmp_path: Path) -> None:
    path = tmp_path / 'a[1].txt'
    with staged(path) as part:
        part.touch()
        own = part.name
    process = subprocess.Popen([sys.executable, '-c', ''])
    process.wait()
    gone = own.replace(str(os.getpid()), str(process.pid))
    kept = (own.replace(str(os.getpid()), '1'), 'a[1].txt.00000000-1.part', 'mine.part')  # running, elsewhere, a user's
    for name in (gone, gone.replace('a[1]', 'b'), *kept):
        (tmp_path / name).touch()
    write_atomically(path, ['new'])
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, gone.replace('a[1]', 'b'), *kept}
    remove_leftovers(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, *kept}
