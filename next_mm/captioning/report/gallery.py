"""Pictures with their captions: the quickest way to see whether captions are any good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from next_mm.captioning.context import CaptionContext
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.pictures import picture_key, prepare_picture
from next_mm.captioning.report.page import ReportSection
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.stages.scan import check_places
from next_mm.triplet import MODALITY_TABLE
from next_mm.utils.pictures import PictureError, read_file
from next_mm.visualization.page import PagePicture

__all__ = ['SHOWN_TRIPLETS', 'gallery_of_folder', 'gallery_of_run']

SHOWN_TRIPLETS = 10
_MAX_SIDE = 256

T = TypeVar('T')


class _Captioned(NamedTuple):
    """A triplet's pictures and captions, by modality; ``key`` is empty where it is not known yet."""

    split: str
    item: str
    places: Mapping[str, tuple[str, int, str]]
    captions: Mapping[str, str]


def gallery_of_run(run: CaptionContext) -> ReportSection | None:
    """Ten triplets of a run with their captions; ``None`` where no caption has been written."""
    store = run.store
    chosen = _spread(store.captions.triplets(run.settings.splits))
    return _section(
        _Captioned(split, item, store.pictures.place(split, item), store.captions.of_triplet(split, item))
        for split, item in chosen
    )


def gallery_of_folder(
    files: Mapping[tuple[str, str], Mapping[str, str]], settings: CaptionSettings
) -> ReportSection | None:
    """Ten triplets of a dataset with the captions of a folder.

    Args:
        files: (split, modality's name in files) to picture name to caption.
        settings: a caption config whose dataset has the pictures.
    """
    listed = check_places(list_pictures(settings.dataset, settings.splits, settings.custom_imports), settings)
    triplets = []
    for (split, item), pictures in groupby(listed, key=lambda picture: (picture.split, picture.item)):
        captions = {m.key: files.get((split, m.file_name), {}).get(item, '') for m in MODALITY_TABLE}
        if any(captions.values()):
            places = {picture.modality: (picture.path, picture.panel, '') for picture in pictures}
            triplets.append(_Captioned(split, item, places, captions))
    return _section(_spread(triplets))


def _spread(items: Sequence[T]) -> list[T]:
    step = max(1, len(items) / SHOWN_TRIPLETS)
    return [items[int(index * step)] for index in range(min(SHOWN_TRIPLETS, len(items)))]


def _section(triplets: Iterable[_Captioned]) -> ReportSection | None:
    pictures = [picture for triplet in triplets for picture in _pictures(triplet)]
    if not pictures:
        return None
    text = 'Triplets from all over what has captions. Look whether each caption says what its picture shows.'
    return ReportSection('Pictures and their captions', text, pictures=pictures)


def _pictures(triplet: _Captioned) -> Iterator[PagePicture]:
    for modality in MODALITY_TABLE:
        caption = triplet.captions.get(modality.key)
        if not caption or modality.key not in triplet.places:
            continue
        path, panel, key = triplet.places[modality.key]
        try:
            url = prepare_picture(path, panel, _MAX_SIDE, key or picture_key(read_file(path), panel))
        except PictureError:  # listed among the failures
            continue
        yield PagePicture(url, f'{modality.label}, {triplet.split}, {Path(triplet.item).name}: {caption}')
