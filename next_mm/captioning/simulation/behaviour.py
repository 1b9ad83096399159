"""How a simulated model sees: what it misses, what it gets wrong, and how sure it says it is."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from next_mm.captioning.attributes.schema import UNKNOWN_ANSWER, Schema


@dataclass(frozen=True)
class Behaviour:
    """Error and confidence of a simulated model.

    An attribute is seen with probability ``skill[group]`` x ``visibility[modality]``; if not, the model says "unknown"
    or, with probability ``guesses``, guesses. A seen attribute is right with probability ``accuracy``, a guess is right
    by chance. Confidence is drawn around ``sure`` for a right answer and around ``unsure`` for a wrong one.

    Attributes:
        skill: attribute group to a probability; ``default_skill`` for other groups.
        visibility: how much a modality shows.
        accuracy: share of right answers among the attributes seen.
        guesses: share of guesses among those not seen.
        sure, unsure: mean confidence of right and of wrong answers.
        spread: standard deviation of the confidence.
    """

    skill: Mapping[str, float] = field(default_factory=dict)
    default_skill: float = 0.8
    visibility: Mapping[str, float] = field(default_factory=lambda: {'rgb': 0.9, 'nir': 0.85, 'tir': 0.7})
    accuracy: float = 0.9
    guesses: float = 0.3
    sure: float = 0.85
    unsure: float = 0.6
    spread: float = 0.12


BEHAVIOURS = {
    # Strengths as in Fig. 5 of the paper: one is better on appearance and clothing, the other on accessories and
    # environment.
    'clothing-expert': Behaviour(
        skill={
            'appearance': 0.95,
            'clothing': 0.95,
            'accessories': 0.6,
            'environment': 0.75,
            'identity': 0.95,
            'body': 0.9,
        }
    ),
    'accessory-expert': Behaviour(
        skill={'appearance': 0.8, 'clothing': 0.7, 'accessories': 0.95, 'environment': 0.95, 'parts': 0.95}
    ),
    # A confidence that says nothing: what merging by confidence cannot see through.
    'overconfident': Behaviour(default_skill=0.7, accuracy=0.7, guesses=0.9, sure=0.93, unsure=0.93, spread=0.04),
}


def simulate_answer(
    behaviour: Behaviour, truth: Mapping[str, str], modality: str, schema: Schema, seed: str
) -> dict[str, dict]:
    """What a model of this behaviour answers about one picture, in the form that a real one would use.

    Args:
        truth: attribute name to true value; for attributes without one a value is drawn, the same for every model.
        modality: of the picture.
        seed: model and picture; the same seed gives the same answer.
    """
    answer = {}
    for name, attribute in schema.observable(modality).items():
        rng = random.Random(int.from_bytes(hashlib.sha256(f'{seed} {name}'.encode()).digest()[:8], 'big'))
        values = list(attribute.values)
        true = truth.get(name) or values[0]
        seen = (
            rng.random()
            < behaviour.skill.get(attribute.group, behaviour.default_skill) * behaviour.visibility[modality]
        )
        if not seen and rng.random() >= behaviour.guesses:
            answer[name] = {'value': UNKNOWN_ANSWER, 'confidence': round(rng.uniform(0.5, 1), 2)}
            continue
        right = rng.random() < behaviour.accuracy if seen else rng.random() < 1 / len(values)
        others = [value for value in values if value != true]
        value = true if right or not others else rng.choice(others)
        confidence = rng.gauss(behaviour.sure if value == true else behaviour.unsure, behaviour.spread)
        answer[name] = {'value': value, 'confidence': round(min(1.0, max(0.0, confidence)), 2)}
    return answer
