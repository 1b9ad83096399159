"""A lock on a folder: refused where it is held, and said where there are none."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from next_mm.errors import UserError
from next_mm.utils.lock import lock_folder
from tests.messages import collect_messages


def failing(code: int) -> Any:
    def lockf(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    return lockf


@pytest.mark.parametrize('code', [errno.EACCES, errno.EAGAIN])
def test_a_lock_that_is_held_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    (tmp_path / 'lock').write_text('process 7 on there')
    monkeypatch.setattr(fcntl, 'lockf', failing(code))
    told = r'another training is running there \(process 7 on there\); give each its own folder'
    with pytest.raises(UserError, match=told), lock_folder(tmp_path, 'lock', 'training'):
        pytest.fail('the folder was taken')


@pytest.mark.parametrize('code', [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_told_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(fcntl, 'lockf', failing(code))
    entered = False
    with collect_messages(logging.WARNING) as messages, lock_folder(tmp_path, 'lock', 'training'):
        entered = True
    assert entered and 'no lock can be had there' in messages[0]
    assert messages[0].endswith('see to it that no other training runs in it')
