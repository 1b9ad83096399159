"""What is logged through mmengine, as tests read it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger

__all__ = ['collect_messages']


@contextmanager
def collect_messages(level: int = logging.NOTSET) -> Iterator[list[str]]:
    """Collect the messages of a level or above that the current logger takes in the block."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler = Collect(level)
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
