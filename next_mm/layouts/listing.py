"""List the folders and pictures of a dataset; droppings of operating systems are none."""

from __future__ import annotations

import os
from pathlib import Path

PICTURE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
"""File names that count as pictures; anything else in a folder is left alone."""

_OTHER_SUFFIXES = (
    *('.avif', '.dng', '.exr', '.gif', '.hdr', '.heic', '.heif', '.jfif', '.jp2', '.jpe', '.jxl'),
    *('.mat', '.npy', '.pbm', '.pgm', '.pnm', '.ppm', '.raw'),
)
"""Pictures that are not read."""

_DROPPINGS = ('__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information')
"""Folders that a Mac, a disk station or Windows leaves behind; so is whatever begins with a dot."""


def list_pictures(folder: str | Path) -> set[str]:
    """Names of the pictures in a folder; none if there is no such folder.

    Args:
        folder: the folder; what lies in folders below it is not listed.
    """
    return _list_files(folder, PICTURE_SUFFIXES)


def list_other_pictures(folder: str | Path) -> set[str]:
    """Names of the pictures in a folder that are of a kind that is not read."""
    return _list_files(folder, _OTHER_SUFFIXES)


def _list_files(folder: str | Path, suffixes: tuple[str, ...]) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {name for name in names if name.lower().endswith(suffixes) and not name.startswith('.')}


def list_folders(folder: str | Path) -> list[str]:
    """Sorted names of the folders in a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if not name.startswith('.') and name not in _DROPPINGS)
