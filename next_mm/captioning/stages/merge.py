"""Stage 2: from the models' answers to one complete attribute set for each picture (Sec. IV-B)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from next_mm.captioning.attributes.answers import parse_answer
from next_mm.captioning.attributes.merge import complement_modalities, merge_models
from next_mm.captioning.attributes.observations import AttributeSet, Observation
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.context import CaptionContext
from next_mm.captioning.store import USABLE

__all__ = ['AnsweredTriplet', 'MergeCounts', 'iterate_triplets', 'merge_answers']

Sets = dict[str, dict[str, Observation]]


@dataclass
class AnsweredTriplet:
    """One triplet's attributes at every step, by modality.

    Attributes:
        answers: modality -> model -> what that model said; models without a usable answer are left out.
        merged: modality -> surest of the models.
        complete: modality -> filled from the others.
    """

    split: str
    item: str
    identity: str
    answers: dict[str, Sets] = field(default_factory=dict)
    merged: Sets = field(default_factory=dict)
    complete: Sets = field(default_factory=dict)


def iterate_triplets(run: CaptionContext) -> Iterator[AnsweredTriplet]:
    """Read, merge and complement triplet by triplet, in the dataset's order.

    The answers are read from their raw text: a schema with new names for old values, or new thresholds, asks nothing
    anew.
    """
    versions = run.attribute_versions
    for split in run.settings.splits:
        current: AnsweredTriplet | None = None
        for item, modality, identity, picture in run.store.pictures.of_split(split):
            if current is None or current.item != item:
                if current is not None:
                    yield _completed(current, run.schema)
                current = AnsweredTriplet(split, item, identity)
            current.answers[modality] = {}
            for model in run.model_names if picture else ():
                answer = run.store.answers.find(str(picture), model, versions[modality])
                if answer is not None and answer.status in USABLE:
                    parsed = parse_answer(answer.raw, run.schema, modality, model)
                    current.answers[modality][model] = parsed.attributes
        if current is not None:
            yield _completed(current, run.schema)


def _completed(triplet: AnsweredTriplet, schema: Schema) -> AnsweredTriplet:
    triplet.merged = {m: merge_models(list(said.values())) for m, said in triplet.answers.items()}
    if any(triplet.merged.values()):
        triplet.complete = complement_modalities(triplet.merged, schema)
    return triplet


@dataclass
class MergeCounts:
    """What the merge stage did: captions' attribute sets written, triplets without any answer, values taken from
    another modality.
    """

    sets: int = 0
    unanswered: int = 0
    complemented: int = 0


def merge_answers(run: CaptionContext) -> MergeCounts:
    """Write the complete attribute set of every picture into the store."""
    counts = MergeCounts()

    def sets() -> Iterator[tuple[str, str, Mapping[str, AttributeSet]]]:
        for triplet in iterate_triplets(run):
            counts.unanswered += not triplet.complete
            counts.sets += len(triplet.complete)
            counts.complemented += sum(o.complemented for a in triplet.complete.values() for o in a.values())
            yield triplet.split, triplet.item, triplet.complete

    run.store.captions.replace_sets(run.settings.splits, sets())
    return counts
