"""Merge across models, complement across modalities (Sec. IV-B): pure functions that keep where values came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from next_mm.captioning.attributes.observations import AttributeSet, Observation
from next_mm.captioning.attributes.schema import Schema
from next_mm.triplet import MODALITIES


def merge_models(answers: Sequence[AttributeSet]) -> dict[str, Observation]:
    """Keep, for each attribute, the answer with the highest confidence (Sec. IV-B, "Merge").

    A known value beats an unknown one, however sure that one is. Ties go to the model that is configured first.

    Args:
        answers: what each model said about one picture, in the order in which the models are configured.
    """
    merged: dict[str, Observation] = {}
    for answer in answers:
        for name, observation in answer.items():
            kept = merged.get(name)
            if kept is None or _beats(observation, kept):
                merged[name] = observation
    return merged


def _beats(new: Observation, kept: Observation) -> bool:
    if (new.value is None) != (kept.value is None):
        return kept.value is None
    return new.confidence > kept.confidence


def complement_modalities(sets: Mapping[str, AttributeSet], schema: Schema) -> dict[str, dict[str, Observation]]:
    """Fill what one modality does not know, or hardly, from the surest of the others (Sec. IV-B, "Complement").

    A value is replaced only where it is unknown or less certain than the schema's threshold, only by a known and surer
    one, and only if the attribute can be seen in that modality and is not bound to it (colour, lighting, clarity).

    Args:
        sets: merged attributes by modality; a modality without a picture is left out and stays out.
        schema: says what is observable where, what may be taken over, and the thresholds.

    Returns:
        For each modality in ``sets`` every attribute observable in it, in the schema's order.
    """
    return {
        modality: {name: _complemented(name, modality, sets, schema) for name in schema.observable(modality)}
        for modality in sets
    }


def _complemented(name: str, modality: str, sets: Mapping[str, AttributeSet], schema: Schema) -> Observation:
    own = sets[modality].get(name, Observation(None, 0.0, modality=modality))
    if not schema.attributes[name].complement or (own.value is not None and own.confidence >= schema.threshold(name)):
        return own
    best = own
    for other in MODALITIES:  # the order of MODALITIES breaks ties
        if other == modality or other not in sets or other not in schema.attributes[name].modalities:
            continue
        donor = sets[other].get(name)
        if donor is not None and donor.value is not None and (best.value is None or donor.confidence > best.confidence):
            best = donor.copied()
    return best
