"""Mistakes of the user: their text alone ends a command line. Anything else is a fault of the program
and keeps its traceback."""

from __future__ import annotations

__all__ = ['CheckpointError', 'ConfigError', 'DataError', 'UserError']


class UserError(ValueError):
    """What the user gave cannot be used; the text says what, and what is expected.

    One argument, the text: the data loader builds the error of a worker anew from a single one.
    """


class ConfigError(UserError):
    """A config that names what does not exist, or a value that cannot be used."""


class DataError(UserError):
    """Pictures, captions or lists that cannot be used, or that the config does not fit."""


class CheckpointError(RuntimeError):
    """A checkpoint that cannot or must not be loaded."""
