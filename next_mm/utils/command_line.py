"""What all command lines share: options of a config, and mistakes told in one line. Nothing here loads torch."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.config import DictAction

from next_mm.errors import CheckpointError, UserError

__all__ = ['ConfigOptions', 'mistakes_in_one_line']

_TOLD = (UserError, CheckpointError, OSError, FloatingPointError)
_FROM_WORKER = 'Caught '


class ConfigOptions(DictAction):
    """The argument ``--cfg-options``: KEY=VALUE, any number of times.

    Raises:
        argparse.ArgumentError: a word without ``=`` or without a key, which mmengine would end with a traceback.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read the words."""
        for word in values or ():
            if not word.partition('=')[0] or '=' not in word:
                raise argparse.ArgumentError(self, f'expected KEY=VALUE, got {word!r}')
        super().__call__(parser, namespace, values, option_string)


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """End the program with the message alone where config, data, checkpoint, a file or a diverging loss is at fault.

    Anything else keeps its traceback. With ``log_level='DEBUG'`` the log has that of a mistake too.
    """
    try:
        yield
    except _TOLD as error:
        if 'mmengine.logging' in sys.modules:  # it loads torch; without it there is no log yet
            from mmengine.logging import print_log

            print_log(traceback.format_exc(), 'current', logging.DEBUG)
        raise SystemExit(f'error: {_message(error)}') from error


def _message(error: Exception) -> str:
    """The text of an error, without what the data loader wraps around that of a worker."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f'{error.filename}: {error.strerror}'
    text = str(error)
    return text.rpartition(f'{type(error).__name__}: ')[2].strip() if text.startswith(_FROM_WORKER) else text
