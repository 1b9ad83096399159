"""Pairs for the small CLIP: pictures and captions of rendered people who are in neither the
training nor the test set."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from rich.progress import track

from next_mm.triplet import MODALITIES
from projects.synthetic.attributes import Environment, rng_for
from projects.synthetic.captions import captions_for, true_attributes
from projects.synthetic.render import PICTURE_SIZE, draw_labels, render_triplet
from projects.synthetic.statements import attribute_targets, patch_places
from projects.synthetic.triplets import list_triplets

_PATCH = 8


@dataclass(frozen=True)
class ClipPairs:
    """Pictures and captions in memory.

    Attributes:
        pictures: (T, 3, H, W, 3) uint8, three modalities of T triplets.
        captions: T times three captions.
        bystanders: T times the three captions of the second person in the picture, ``None`` where there is none.
        identities: (T,) numbers.
        targets: (T, 3, A) true values of the attributes. places: (T, N) what each patch shows (see statements.py).
    """

    pictures: np.ndarray
    captions: list[tuple[str, ...]]
    bystanders: list[tuple[str, ...] | None]
    identities: np.ndarray
    targets: np.ndarray
    places: np.ndarray


def render_pairs(
    group: str, *, first: int, identities: int, triplets: int, seed: int, size: tuple[int, int]
) -> ClipPairs:
    """Render people of a group that is not in the dataset.

    Args:
        group: 'clip' or 'grounding', see triplets.py.
        first: number of people to skip. identities: how many after them. triplets: of each person.
        seed: of the synthetic data.
        size: height and width of the pictures in pixels.
    """
    listed = list(list_triplets(group, identities=first + identities, triplets=triplets, seed=seed))[first * triplets :]
    pictures = np.empty((len(listed), len(MODALITIES), *size, 3), np.uint8)
    places = np.empty((len(listed), size[0] // _PATCH * (size[1] // _PATCH)), np.int64)
    for row, place, triplet in zip(pictures, places, track(listed, 'Rendering for the small CLIP (synthetic)')):
        labels, _ = draw_labels(triplet.person, triplet.environment, PICTURE_SIZE)
        place[:] = patch_places(labels, (size[0] // _PATCH, size[1] // _PATCH))
        for slot, picture in zip(row, render_triplet(triplet.person, triplet.environment)):
            slot[:] = cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    captions = [tuple(triplet.captions[modality] for modality in MODALITIES) for triplet in listed]
    bystanders = [_bystander_captions(triplet.environment) for triplet in listed]
    targets = np.stack([attribute_targets(true_attributes(triplet.person, triplet.environment)) for triplet in listed])
    return ClipPairs(
        pictures, captions, bystanders, np.array([triplet.identity for triplet in listed]), targets, places
    )


def _bystander_captions(environment: Environment) -> tuple[str, ...] | None:
    if environment.bystander is None:
        return None
    captions = captions_for(environment.bystander, environment, rng_for(environment.seed))
    return tuple(captions[modality] for modality in MODALITIES)
