"""Modalities and the record of a triplet; no torch, so that what lists a dataset loads fast."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

__all__ = ['MODALITIES', 'MODALITY_TABLE', 'NUM_MODALITIES', 'UNKNOWN', 'Modality', 'TripletRecord']


class Modality(NamedTuple):
    """One modality: its key in code and options, its label in figures, its folder and file name in public datasets."""

    key: str
    label: str
    file_name: str


MODALITY_TABLE = (Modality('rgb', 'RGB', 'RGB'), Modality('nir', 'NIR', 'NI'), Modality('tir', 'TIR', 'TI'))
"""Visible light, near infrared, thermal infrared. Every tensor with a modality axis uses this order."""

MODALITIES: tuple[str, ...] = tuple(modality.key for modality in MODALITY_TABLE)
"""The keys of :data:`MODALITY_TABLE`."""

NUM_MODALITIES = len(MODALITIES)

UNKNOWN = -1
"""Camera, scene or label that is not known."""


class TripletRecord(TypedDict):
    """One triplet as a dataset lists it, before anything is read from disk.

    ``img_paths`` and ``captions`` follow :data:`MODALITIES`; ``None`` stands for a modality or caption that is absent.
    With ``side_by_side`` the three paths name one file that holds the three pictures from left to right.
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
