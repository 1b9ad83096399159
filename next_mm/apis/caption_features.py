"""Encode the captions of a config ahead, so that testing, or training too, needs no text tower."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from next_mm.apis.training import prepare
from next_mm.captions import split_sentences
from next_mm.datasets import SampleSentences, TokenizeCaptions, TripletDataset
from next_mm.datasets.transforms import TripletTransform
from next_mm.errors import ConfigError
from next_mm.models.text.embedding_file import list_files
from next_mm.registry import DATASETS, MODELS

__all__ = ['CaptionFeatures', 'encode_captions', 'list_captions', 'sentence_subsets']

_CHUNK = 512


@dataclass(frozen=True)
class CaptionFeatures:
    """What :func:`encode_captions` made.

    Attributes:
        folder: where the features are.
        texts: texts of the config.
        new: how many of them were not there before.
        stored: texts of this text tower in the folder.
        size: bytes of the folder's feature files.
    """

    folder: Path
    texts: int
    new: int
    stored: int
    size: int


def encode_captions(
    cfg: Config,
    *,
    train: bool = False,
    folder: Path | None = None,
    device: str | None = None,
    max_texts: int = 500_000,
    progress: Callable[[Sequence[Tensor]], Iterable[Tensor]] = iter,
) -> CaptionFeatures:
    """Encode every text that the datasets of a config can give; what the folder already has is not encoded again.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it; its ``model.text`` is a ``CLIPText``.
        train: also all subsets of sentences that training can draw.
        folder: of the features; without it ``caption_features`` beside the test pictures.
        device: where the text tower runs; without it the GPU, where there is one.
        max_texts: the most texts that are encoded.
        progress: shows how far the encoding is.

    Raises:
        ConfigError: the model has no text tower, a pipeline reads no captions, or there are more texts.
    """
    text = cfg.model.get('text') or {}
    if text.get('type') != 'CLIPText':
        raise ConfigError(f'model.text={text.get("type")}: expected CLIPText; there is no text tower to encode with')
    prepare(cfg)
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    tokens = _collect(cfg, train, max_texts)
    folder = folder or Path(cfg.test_dataloader.dataset.data_root) / 'caption_features'
    folder.mkdir(parents=True, exist_ok=True)
    cache = dict(path=str(folder), max_entries=max_texts + len(tokens))
    encoder = MODELS.build({**text, 'cache': cache}).to(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    before = len(encoder.cache)
    for chunk in progress(tokens.split(_CHUNK)):
        encoder(chunk)
    encoder.cache.flush()
    size = sum(file.stat().st_size for file in list_files(folder))
    return CaptionFeatures(folder, len(tokens), len(encoder.cache) - before, len(encoder.cache), size)


def _collect(cfg: Config, train: bool, max_texts: int) -> Tensor:
    """Tokens (C, L) of all different texts, sorted, so that texts that begin alike are encoded together."""
    rows: set[bytes] = set()
    for config in _dataset_configs(cfg, train):
        for tokens in list_captions(DATASETS.build(config)):
            rows.update(row.tobytes() for row in tokens)
            if len(rows) > max_texts:
                raise ConfigError(
                    f'more than {max_texts} texts: raise --max-captions (a text takes 2 KiB with ViT-B/16), or train '
                    'with CLIPText, whose cache keeps what fits and encodes the rest'
                )
    return torch.from_numpy(np.array(sorted(np.frombuffer(row, np.int32).tolist() for row in rows), np.int32))


def _dataset_configs(cfg: Config, train: bool) -> list[dict[str, Any]]:
    """The configs of the datasets whose captions are read, equal ones once."""
    loaders = ['val_dataloader', 'test_dataloader'] + (['train_dataloader'] if train else [])
    found: list[dict[str, Any]] = []
    for loader in loaders:
        if cfg.get(loader) and cfg[loader].dataset not in found:
            found.append(cfg[loader].dataset)
    return found


def list_captions(dataset: TripletDataset) -> Iterator[np.ndarray]:
    """List the tokens of all texts that a dataset's pipeline can give: captions, mirrored captions, subsets of
    sentences.

    Args:
        dataset: with the transforms of its config.

    Yields:
        (3, L) int32, three texts at a time.

    Raises:
        ConfigError: its pipeline reads no captions.
    """
    steps = {type(step): step for step in dataset.pipeline.transforms}
    if SampleSentences not in steps or TokenizeCaptions not in steps:
        raise ConfigError(
            f'{dataset.title}.pipeline: expected SampleSentences and TokenizeCaptions; without them no caption is read'
        )
    whole = steps[SampleSentences].keep_prob == 1
    records = (dataset.get_data_info(index)['captions'] or () for index in range(len(dataset)))
    texts = {text for captions in records for text in captions if text}
    for step in dataset.pipeline.transforms:
        if isinstance(step, TripletTransform):  # a mirrored picture has a mirrored caption
            texts |= {step.update_caption(text) for text in texts}
    no_caption: tuple[str, ...] = ()
    subsets = itertools.chain(
        [no_caption], *(sentence_subsets(split_sentences(text), whole=whole) for text in sorted(texts))
    )
    for three in iter(lambda: list(itertools.islice(subsets, 3)), []):
        three += [no_caption] * (3 - len(three))
        yield steps[TokenizeCaptions].transform({'sentences': [three]})['tokens'][0]


def sentence_subsets(sentences: tuple[str, ...], *, whole: bool) -> Iterable[tuple[str, ...]]:
    """List all subsets of a caption's sentences but the empty one, in their order; or the whole caption alone."""
    if whole:
        return [sentences]
    sizes = range(1, len(sentences) + 1)
    return itertools.chain.from_iterable(itertools.combinations(sentences, size) for size in sizes)
