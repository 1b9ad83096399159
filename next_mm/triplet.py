"""Modalities and the record of a triplet; no torch, so that what lists a dataset loads fast."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

__all__ = ['MODALITIES', 'MODALITY_TABLE', 'NUM_MODALITIES', 'UNKNOWN', 'Modality', 'TripletRecord', 'new_record']


class Modality(NamedTuple):
    """What is known of a modality.

    Attributes:
        key: in code and options.
        label: in figures.
        file_name: in the names of caption files, and the folder in datasets of persons.
        vehicle_folder: the folder in datasets of vehicles.
        other_names: what else folders and files are called, in lower case.
    """

    key: str
    label: str
    file_name: str
    vehicle_folder: str
    other_names: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the modality, in lower case."""
        return (self.key, self.file_name.lower(), self.vehicle_folder, *self.other_names)


MODALITY_TABLE = (
    Modality('rgb', 'RGB', 'RGB', 'vis', ('visible', 'color', 'colour')),
    Modality('nir', 'NIR', 'NI', 'ni', ('nearinfrared', 'near_infrared', 'near-infrared')),
    Modality('tir', 'TIR', 'TI', 'th', ('thermal', 'lwir')),
)
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


def new_record(
    name: str,
    img_paths: tuple[str | None, str | None, str | None],
    identity: int | str,
    *,
    camera: int = UNKNOWN,
    scene: int = UNKNOWN,
    captions: tuple[str | None, str | None, str | None] | None = None,
) -> TripletRecord:
    """Make the record of a triplet whose place in its split (label, query, gallery) is still open.

    Args:
        name: as captions and results know it.
        img_paths: of the three pictures; ``None`` for an absent one.
        identity: who or what it shows.
        camera: number of the camera or view.
        scene: number of the scene or time span.
        captions: that come with it.
    """
    return TripletRecord(
        name=name,
        img_paths=img_paths,
        side_by_side=False,
        identity=identity,
        label=UNKNOWN,
        camera=camera,
        scene=scene,
        is_query=False,
        is_gallery=False,
        captions=captions,
    )
