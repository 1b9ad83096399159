"""Before the first stage: list the dataset's pictures and find their keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice

from next_mm.captioning.context import CaptionContext
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Picture
from next_mm.captioning.store.pictures import KnownFile, ReadFile
from next_mm.errors import DataError
from next_mm.utils.pictures import PictureError, read_file
from next_mm.utils.text import is_encodable

__all__ = ['check_places', 'hash_pictures', 'list_dataset']

_CHUNK = 512


def list_dataset(run: CaptionContext) -> tuple[int, list[str]]:
    """Bring the store's list of pictures up to date.

    Returns:
        How many pictures there are, and one line for each that cannot even be listed.

    Raises:
        DataError: the dataset has none, or names pictures outside its folder: nothing of such a dataset is read or
            sent.
    """
    settings = run.settings
    problems: list[str] = []
    pictures = run.services.list_pictures(settings.dataset, settings.splits, settings.custom_imports)
    count = run.store.pictures.enter(_with_names(check_places(pictures, settings), problems), settings.splits)
    if not count:
        raise DataError(f'the dataset {settings.dataset} lists no pictures for {settings.splits}')
    return count, problems


def _with_names(pictures: Iterable[Picture], problems: list[str]) -> Iterator[Picture]:
    """Leave out what neither the store nor a caption file can name."""
    for picture in pictures:
        if not all(map(is_encodable, (picture.item, picture.path, picture.identity))):
            problems.append(f'{picture.path}: the name is not UTF-8; give the file another one')
        else:
            yield picture


def check_places(pictures: Iterable[Picture], settings: CaptionSettings) -> Iterator[Picture]:
    """Pass pictures on, and refuse at their end a dataset that names some outside its folder.

    Raises:
        DataError: by their paths or by symbolic links they lie elsewhere.
    """
    root = settings.dataset.get('data_root')
    if root is None:  # a class of one's own that knows where its pictures are
        yield from pictures
        return
    root = str(root)
    whole, real = os.path.abspath(root), os.path.realpath(root)
    outside: list[str] = []
    linked: list[str] = []
    real_folder = lru_cache(maxsize=4096)(os.path.realpath)
    for picture in pictures:
        path = os.path.abspath(picture.path)
        if not _is_below(path, whole):
            outside.append(picture.path)
        elif not settings.follow_links and not _is_below(_real_path(path, real_folder), real):
            linked.append(picture.path)
        yield picture
    if outside:
        raise DataError(
            f'{len(outside):,} pictures of the dataset lie outside its folder {root}, the first is {outside[0]}. '
            'Nothing was read or sent; a list should name pictures below data_root'
        )
    if linked:
        raise DataError(
            f'{len(linked):,} pictures of the dataset lie outside its folder {root} by way of symbolic links, '
            f'the first is {linked[0]} -> {os.path.realpath(linked[0])}. Nothing was read or sent; '
            'follow_links=True in the caption config takes them all the same'
        )


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _real_path(path: str, real_folder: Callable[[str], str]) -> str:
    folder, name = os.path.split(path)
    return os.path.realpath(path) if os.path.islink(path) else os.path.join(real_folder(folder), name)


def hash_pictures(run: CaptionContext, progress: Callable[[int], None] = lambda count: None) -> list[str]:
    """Find the key of every picture that is new or has changed (by size and time).

    Args:
        run: the run.
        progress: called with the number of pictures looked at since the last call.

    Returns:
        One line for each picture that cannot be read.
    """
    problems = []
    with ThreadPoolExecutor(2) as pool:
        for chunk in _chunks(run.store.pictures.files(run.settings.splits)):
            found = [file for file in pool.map(_read_new, chunk) if file is not None]
            run.store.pictures.write_files(found)
            problems += [file.problem for file in found if file.problem]
            progress(len(chunk))
    return problems


def _read_new(known: KnownFile) -> ReadFile | None:
    """Read a file that is not known as it is; ``None`` where nothing has changed."""
    try:
        found = os.stat(known.path)
        if (found.st_size, found.st_mtime_ns) == (known.size, known.mtime):
            return None
        key = picture_key(read_file(known.path), known.panel)
        return ReadFile(found.st_size, found.st_mtime_ns, key, None, known.row)
    except PictureError as problem:
        return ReadFile(None, None, None, str(problem), known.row)
    except OSError as error:
        return ReadFile(None, None, None, f'{known.path}: {error.strerror or error}', known.row)


def _chunks(files: Iterable[KnownFile]) -> Iterator[list[KnownFile]]:
    files = iter(files)
    while chunk := list(islice(files, _CHUNK)):
        yield chunk
