"""What the command lines share."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from next_mm.errors import CheckpointError, ConfigError

__all__ = ['mistakes_in_one_line']


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """End the program with the message alone where a config, a checkpoint, a file's name or a diverging loss is at fault.

    Anything else keeps its traceback.
    """
    try:
        yield
    except (ConfigError, CheckpointError, FileNotFoundError, FloatingPointError) as error:
        raise SystemExit(f'error: {error}') from error
