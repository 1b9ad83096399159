"""Features of many triplets in numbered files: a restart computes what is missing, the number of
workers changes no byte."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from next_mm.apis.inference.inferencer import ReIDInferencer, join_features
from next_mm.apis.inference.inputs import TripletInput, expand_inputs, parse_input
from next_mm.errors import ConfigError, DataError
from next_mm.retrieval.feature_files import read_notes, write_features
from next_mm.utils.files import write_atomically

__all__ = ['ShardCounts', 'extract_shards', 'list_inputs']


@dataclass
class ShardCounts:
    """What one worker did: shards computed and found finished, features written, inputs that cannot be used."""

    computed: int = 0
    finished: int = 0
    features: int = 0
    errors: int = 0


def list_inputs(inputs: str | Path) -> list[TripletInput]:
    """Return the triplets of a folder or list file in the order of their ids.

    Raises:
        DataError: no triplets, or two of one id.
    """
    found = [parse_input(value, number) for number, value in enumerate(expand_inputs(inputs))]
    found.sort(key=lambda triplet: triplet.id)
    for first, second in itertools.pairwise(found):
        if first.id == second.id:
            raise DataError(f'{inputs}: two triplets have the id {first.id!r}')
    if not found:
        raise DataError(f'{inputs}: no triplets there')
    return found


def extract_shards(
    reid: ReIDInferencer,
    inputs: Sequence[TripletInput],
    folder: Path,
    *,
    shard_size: int = 10_000,
    rank: int = 0,
    world_size: int = 1,
) -> ShardCounts:
    """Write the features of shards ``rank``, ``rank + world_size`` and so on.

    Shard k holds inputs ``[k * shard_size, (k + 1) * shard_size)`` in ``features-<k>.safetensors``, and what cannot be
    used in ``errors-<k>.jsonl``. A shard that is there and of the same model and inputs is left as it is.

    Args:
        reid: the model.
        inputs: all triplets, the same on every worker.
        folder: of the shards.
        shard_size: triplets a shard.
        rank: number of this worker.
        world_size: number of workers.

    Raises:
        ConfigError: numbers out of range.
        DataError: a shard of another model or of other inputs lies there.
    """
    if shard_size < 1 or not 0 <= rank < world_size:
        raise ConfigError(
            f'expected shard_size >= 1 and rank below world_size, got {shard_size}, rank {rank} of {world_size}'
        )
    counts = ShardCounts()
    for number in range(rank, -(-len(inputs) // shard_size), world_size):
        part = inputs[number * shard_size : (number + 1) * shard_size]
        notes = {'inputs': _digest(part), 'batch_size': str(reid.batch_size)}
        path = folder / f'features-{number:06d}.safetensors'
        if path.exists():
            _check_same(path, reid, notes)
            counts.finished += 1
            continue
        features = join_features(reid.space, list(reid.stream(part, on_error='skip')))
        errors = [json.dumps({'id': error.id, 'reason': error.reason}) + '\n' for error in features.errors]
        if errors:
            write_atomically(folder / f'errors-{number:06d}.jsonl', errors)
        write_features(path, features, **notes)
        counts.computed += 1
        counts.features += len(features)
        counts.errors += len(errors)
    return counts


def _digest(part: Sequence[TripletInput]) -> str:
    digest = hashlib.sha256()
    for triplet in part:
        digest.update(json.dumps([triplet.id, triplet.source, triplet.captions, triplet.camera]).encode())
    return digest.hexdigest()


def _check_same(path: Path, reid: ReIDInferencer, notes: dict[str, str]) -> None:
    """Refuse a finished shard of another model, of other inputs, or of another batch size."""
    space, found = read_notes(path)
    reid.space.check(space)
    for name, value in notes.items():
        if found.get(name) != value:
            raise DataError(
                f'{path}: was made of other {name}; choose another folder, or delete what is there to extract anew'
            )
