"""The record of a triplet; kept apart so that what lists a dataset need not load torch."""

from __future__ import annotations

from typing import TypedDict

UNKNOWN = -1
"""Camera, scene or label that is not known."""


class TripletRecord(TypedDict):
    """One triplet as a dataset lists it, before anything is read from disk.

    ``img_paths`` and ``captions`` follow :data:`next_mm.modalities.MODALITIES`; ``None`` stands for a modality or caption that is not
    there. With ``side_by_side`` the three paths name one file that holds the three pictures from left to right.
    """

    name: str
    img_paths: tuple[str | None, str | None, str | None]
    side_by_side: bool
    identity: int | str
    label: int
    camera: int
    scene: int
    is_query: bool
    is_gallery: bool
    captions: tuple[str | None, str | None, str | None] | None
