"""Stage 2: from the models' answers to one complete attribute set for each picture (Sec. IV-B)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from next_mm.captioning.answers import parse_answer
from next_mm.captioning.merge import complement_modalities, merge_models
from next_mm.captioning.observations import Observation, dump_set
from next_mm.captioning.prompts import attribute_version
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import USABLE, Store
from next_mm.triplet import MODALITIES

Sets = dict[str, dict[str, Observation]]


@dataclass
class Triplet:
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


def iterate_triplets(store: Store, settings: CaptionSettings, schema: Schema) -> Iterator[Triplet]:
    """Read, merge and complement triplet by triplet, in the dataset's order.

    The answers are read from their raw text: a schema with new names for old values, or new thresholds, asks nothing anew.
    """
    versions = {m: attribute_version(schema, m, settings.max_side) for m in MODALITIES}
    for split in settings.splits:
        rows = store.db.execute(
            'SELECT item, modality, identity, picture FROM pictures WHERE split=? ORDER BY rowid', (split,)
        )
        current: Triplet | None = None
        for item, modality, identity, picture in rows:
            if current is None or current.item != item:
                if current is not None:
                    yield _completed(current, schema)
                current = Triplet(split, item, identity)
            current.answers[modality] = {}
            for model in settings.models if picture else ():
                answer = store.answer(picture, model.name, versions[modality])
                if answer is not None and answer.status in USABLE:
                    current.answers[modality][model.name] = parse_answer(
                        answer.raw, schema, modality, model.name
                    ).attributes
        if current is not None:
            yield _completed(current, schema)


def _completed(triplet: Triplet, schema: Schema) -> Triplet:
    triplet.merged = {m: merge_models(list(said.values())) for m, said in triplet.answers.items()}
    if any(triplet.merged.values()):
        triplet.complete = complement_modalities(triplet.merged, schema)
    return triplet


@dataclass
class MergeCounts:
    """What the merge stage did: captions' attribute sets written, triplets without any answer, values taken from another modality."""

    sets: int = 0
    unanswered: int = 0
    complemented: int = 0


def merge_answers(store: Store, settings: CaptionSettings, schema: Schema) -> MergeCounts:
    """Write the complete attribute set of every picture into the store."""
    counts = MergeCounts()
    marks = ','.join('?' * len(settings.splits))
    with store.transaction():
        store.db.execute(f'DELETE FROM captions WHERE split IN ({marks})', settings.splits)
        for triplet in iterate_triplets(store, settings, schema):
            counts.unanswered += not triplet.complete
            for modality, attributes in triplet.complete.items():
                store.db.execute(
                    'INSERT INTO captions VALUES(?,?,?,?,NULL,NULL)',
                    (triplet.split, triplet.item, modality, dump_set(attributes)),
                )
                counts.sets += 1
                counts.complemented += sum(o.complemented for o in attributes.values())
    return counts
