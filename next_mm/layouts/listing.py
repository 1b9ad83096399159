"""List the folders and pictures of a dataset; droppings of operating systems are none."""

from __future__ import annotations

import os
from pathlib import Path

PICTURE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
"""File names that count as pictures; anything else in a folder is left alone."""

_DROPPINGS = ('__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information')
"""Folders that a Mac, a disk station or Windows leaves behind; so is whatever begins with a dot."""


def list_pictures(folder: str | Path) -> set[str]:
    """Names of the pictures in a folder; none if there is no such folder.

    Args:
        folder: the folder; what lies in folders below it is not listed.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {name for name in names if name.lower().endswith(PICTURE_SUFFIXES) and not name.startswith('.')}


def list_folders(folder: str | Path) -> list[str]:
    """Sorted names of the folders in a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if not name.startswith('.') and name not in _DROPPINGS)
