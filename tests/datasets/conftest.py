from __future__ import annotations

import logging

import pytest
from mmengine.logging import MMLogger


class Messages(list):
    """Log messages of mmengine; ``count`` counts those that contain a text."""

    def count(self, text: str) -> int:
        return sum(text in message for message in self)

    @property
    def text(self) -> str:
        return '\n'.join(self)


@pytest.fixture
def caplog_mm() -> Messages:
    """Collect what is logged through mmengine."""
    messages = Messages()

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    MMLogger.get_instance('test').addHandler(Collect())
    return messages
