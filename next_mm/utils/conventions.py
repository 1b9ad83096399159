"""What a class may declare about itself for parts of the package that do not know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

__all__ = ['DeclaresOptionKeys', 'HasOptionalState', 'HasRowsOption', 'KnowsCameras', 'PassesOptions']


@runtime_checkable
class HasOptionalState(Protocol):
    """A module whose checkpoint may lack some of its state.

    Attributes:
        optional_state: prefixes of the keys of its state dict that may be absent.
    """

    optional_state: Sequence[str]


@runtime_checkable
class HasRowsOption(Protocol):
    """A module with a table, ``weight``, whose number of rows an option decides.

    Attributes:
        rows_option: name of the option, which belongs to the module that holds this one.
    """

    rows_option: str


@runtime_checkable
class KnowsCameras(Protocol):
    """A module that knows some cameras by their numbers.

    Attributes:
        first_camera: number of the first.
        last_camera: number of the last.
    """

    first_camera: int
    last_camera: int


@runtime_checkable
class DeclaresOptionKeys(Protocol):
    """A component some of whose options are dictionaries of known keys.

    Attributes:
        option_keys: name of such an option to the keys that it may have.
    """

    option_keys: Mapping[str, Sequence[str]]


@runtime_checkable
class PassesOptions(Protocol):
    """A component that hands the options it does not name to another class."""

    def passes_options_to(self) -> type[Any]:
        """The class that takes them; a class method."""
