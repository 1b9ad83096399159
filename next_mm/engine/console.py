"""What a run prints on the console: long reports are cut there and whole in the log file."""

from __future__ import annotations

import logging

from mmengine.logging import MMLogger

__all__ = ['shorten_console']

_LONGEST = 25
_OF_MMENGINE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'Distributed training is not used, all',
)
"""Beginnings of what mmengine logs about its own inside in every run; whoever trains can change nothing about it."""


class _Shortened(logging.Formatter):
    """Cut what another formatter makes of a long record that is no warning.

    Args:
        inner: the other formatter.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self.inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record, or its first line and how long it is."""
        text = self.inner.format(record)
        lines = [line for line in text.splitlines() if line.strip(' -')]
        if len(lines) <= _LONGEST or record.levelno >= logging.WARNING:
            return text
        first = f'{lines[0].rstrip()} {lines[1].strip()}' if lines[0].rstrip().endswith('-') else lines[0]
        return f'{first} ({len(lines)} lines, in the log file)'


def _concerns_the_user(record: logging.LogRecord) -> bool:
    """Say whether a record is one that whoever trains can do something about."""
    return not record.getMessage().startswith(_OF_MMENGINE)


def shorten_console(logger: MMLogger) -> None:
    """Let a logger's console handlers cut records of more than 25 lines and leave out what mmengine says about itself.

    The log file has all of it: environment, config, order of the hooks.
    """
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setFormatter(_Shortened(handler.formatter))
            handler.addFilter(_concerns_the_user)
