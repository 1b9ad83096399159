"""What the command lines share."""

from __future__ import annotations

import os

import pytest

from next_mm.utils.command_line import find_caller


@pytest.mark.parametrize('error', [KeyError, OSError])
def test_a_user_without_a_name_goes_by_its_number(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise error('getpwuid(): uid not found: 4242')

    monkeypatch.setattr('getpass.getuser', lambda: 'mary')
    assert find_caller() == 'mary'
    monkeypatch.setattr('getpass.getuser', fail)
    assert find_caller() == str(os.getuid())
