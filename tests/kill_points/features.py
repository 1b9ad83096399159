"""Features written ahead, killed: those of triplets by a trained model, those of captions by its text tower."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from next_mm import apis
from next_mm.apis.inference import ReIDInferencer
from next_mm.apis.inference.shards import extract_shards, list_inputs
from next_mm.models.text.embedding_file import list_files, read_features
from next_mm.retrieval.feature_files import read_features as read_shard
from tests.fuzz_config import CONFIG, small_options
from tests.kill_points.job import Job, bytes_differ, leftovers
from tests.kill_points.killing import in_a_process

__all__ = ['caching', 'extraction', 'features']


def features(name: str, folder: Path) -> Job:
    """Make the data of a kind of work, and for extraction a trained model, below a folder."""
    options = {**small_options(folder), 'model.text.save_in_checkpoint': True}  # its text tower is random
    cfg = apis.load_config(CONFIG, options, work_dir=folder / 'model')
    if name == 'caching':
        return caching(cfg)
    trained = Job(lambda _: apis.train(cfg), lambda _: iter(()), lambda *_: iter(()))
    in_a_process(trained, folder / 'model')
    inputs = folder / 'inputs'
    inputs.mkdir()
    for modality, source in (('rgb', 'RGB'), ('nir', 'NI'), ('tir', 'TI')):
        (inputs / modality).symlink_to(folder / 'data' / 'test' / source)
    return extraction(folder / 'model', inputs)


def extraction(run_dir: Path, inputs: Path) -> Job:
    """The features of a few triplets, two a file."""

    def work(folder: Path) -> None:
        reid = ReIDInferencer(run_dir, batch_size=2, num_workers=1)
        extract_shards(reid, list_inputs(inputs), folder, shard_size=2)

    def left(folder: Path) -> Iterator[str]:
        for path in folder.glob('features-*.safetensors'):
            read_shard(path)
        yield from ()

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        yield from bytes_differ(folder, whole, '*')

    return Job(work, left, done)


def caching(cfg: Any) -> Job:
    """The captions of a config encoded ahead."""

    def features(folder: Path) -> dict[bytes, Any]:
        return {key: row for path in list_files(folder) for key, row in zip(*read_features(path))}

    def work(folder: Path) -> None:
        torch.manual_seed(0)  # the same text tower each time
        apis.encode_captions(cfg.copy(), train=True, folder=folder)

    def left(folder: Path) -> Iterator[str]:
        features(folder)
        yield from ()

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        ours, theirs = features(folder), features(whole)
        if ours.keys() != theirs.keys():
            yield f'{len(ours)} captions, expected {len(theirs)}'
        yield from ('another feature' for key, row in ours.items() if key in theirs and not row.equal(theirs[key]))

    return Job(work, left, done)
