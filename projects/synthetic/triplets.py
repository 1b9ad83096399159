"""The synthetic data's people and triplets by number: which exist, what they are called, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from projects.synthetic.attributes import (
    CAMERAS,
    CAPTURE_TIMES,
    Environment,
    PersonIdentity,
    rng_for,
    sample_environment,
    sample_identity,
)
from projects.synthetic.captions import captions_for

GROUPS = ('train', 'test', 'clip', 'grounding')
"""Groups of people without overlap: training, testing, and those that the small CLIP and its
pointing are trained on."""

_SEVERE_ODDS = {
    'train': (0.35, 0.45, 0.2),
    'test': (0.35, 0.45, 0.2),
    'clip': (0.85, 0.15, 0.0),
    'grounding': (0.85, 0.15, 0.0),
}
# Words are learnt from good pictures in which there is no doubt who is meant, pointing from pictures of two.
_BESIDE = {'train': 1.0, 'test': 1.0, 'clip': 0.0, 'grounding': 1.0}
_BYSTANDERS = {'train': 0.35, 'test': 0.35, 'clip': 0.35, 'grounding': 0.5}
_FIRST_ID = {'train': 1, 'test': 500, 'clip': 1000, 'grounding': 5000}


@dataclass(frozen=True)
class SyntheticTriplet:
    """One triplet before it is rendered; ``captions`` by modality."""

    name: str
    identity: int
    person: PersonIdentity
    environment: Environment
    captions: dict[str, str]


def list_triplets(group: str, *, identities: int, triplets: int, seed: int) -> Iterator[SyntheticTriplet]:
    """Draw the triplets of one group of people, identity by identity, cameras in turn.

    Args:
        group: one of :data:`GROUPS`; its people are drawn apart from those of the other groups.
        identities: how many people.
        triplets: triplets of each.
        seed: the same seed gives the same triplets, whatever the other numbers.
    """
    domain = GROUPS.index(group)
    for number in range(identities):
        person = sample_identity(rng_for(seed, domain, number))
        for index in range(triplets):
            rng = rng_for(seed, domain, number, index)
            environment = sample_environment(
                rng,
                CAMERAS[index % len(CAMERAS)],
                severe_odds=_SEVERE_ODDS[group],
                bystanders=_BYSTANDERS[group],
                beside=_BESIDE[group],
            )
            identity = _FIRST_ID[group] + number
            night = CAPTURE_TIMES.index(environment.capture_time)
            name = f'{identity:06d}_cam{environment.camera}_{night}_{index:02d}.jpg'
            yield SyntheticTriplet(name, identity, person, environment, captions_for(person, environment, rng))
