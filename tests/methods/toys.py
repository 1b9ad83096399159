"""Toy models of the methods, for tests that run over all: ``tests/methods/<name>/toy.py`` lists them in ``TOYS``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import next_mm.methods
from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT, START_OF_TEXT
from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch

__all__ = [
    'CLIP',
    'LOSSES',
    'NUM_CLASSES',
    'PREPROCESSOR',
    'TEXT',
    'find_methods',
    'find_unmoved',
    'list_toys',
    'make_batch',
]

NUM_CLASSES = 4
PREPROCESSOR: dict[str, Any] = dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3)
LOSSES: dict[str, Any] = dict(
    id=dict(type='CrossEntropy', label_smoothing=0.1), triplet=dict(type='TripletLoss', margin=None)
)
_TINY = str(Path(__file__).parents[1] / 'data' / 'tiny-clip-quickgelu.json')
CLIP: dict[str, Any] = dict(model_name=_TINY, pretrained=None, image_size=(32, 16))
"""Options of a :class:`CLIPVisual` of two blocks, width 64, 4 x 2 patches, features of width 32."""
TEXT: dict[str, Any] = dict(type='CLIPText', model_name=_TINY, pretrained=None)


def find_methods() -> dict[str, type[ReIDModel]]:
    """Name in the registry to the class of every registered method of the package."""
    found = {name: kind for name, kind in MODELS.module_dict.items() if isinstance(kind, type)}
    home = next_mm.methods.__name__
    return {n: k for n, k in found.items() if issubclass(k, ReIDModel) and k.__module__.startswith(home)}


def list_toys() -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield name and config of every toy; the config is ``None`` for a method that has none."""
    for name, kind in sorted(find_methods().items()):
        folder = kind.__module__.removeprefix(f'{next_mm.methods.__name__}.').partition('.')[0]
        try:
            toys = importlib.import_module(f'tests.methods.{folder}.toy').TOYS
        except ModuleNotFoundError:
            toys = {}
        own = {title: toy for title, toy in toys.items() if toy['type'] == name}
        if not own:
            yield name, None
        for title, toy in own.items():
            yield (
                f'{name}: {title}',
                dict(num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR) | toy,
            )


def find_unmoved(name: str) -> str:
    """Return the pattern of parameters that a first step need not move: ``UNMOVED`` in ``toy.py``, which says why."""
    folder = find_methods()[name.partition(':')[0]].__module__.removeprefix(f'{next_mm.methods.__name__}.')
    toys = importlib.import_module(f'tests.methods.{folder.partition(".")[0]}.toy')
    return getattr(toys, 'UNMOVED', r'(?!)')


def make_batch(model: ReIDModel, size: int, seed: int = 0) -> tuple[Tensor, TripletBatch]:
    """Draw triplets for a model: normalised pictures, two an identity, cameras 1 and 2, captions, and extras."""
    generator = torch.Generator().manual_seed(seed)
    number = torch.arange(size)
    images = torch.randn(size, 3, 3, *model.image_size, generator=generator)
    lengths = torch.randint(10, 17, (size, 1, 3), generator=generator)
    tokens = torch.randint(1, 40000, (size, 1, 3, CONTEXT_LENGTH), generator=generator, dtype=torch.int32)
    places = torch.arange(CONTEXT_LENGTH)
    tokens = tokens.masked_fill(places == 0, START_OF_TEXT).masked_fill(places >= lengths.unsqueeze(-1), 0)
    tokens = tokens.masked_fill(places == lengths.unsqueeze(-1) - 1, END_OF_TEXT)
    extras = model.example_batch().extras
    return images, TripletBatch(
        labels=number // 2 % NUM_CLASSES,
        cameras=number % 2 + 1,
        tokens=tokens if model.reads_captions else None,
        lengths=lengths if model.reads_captions else None,
        extras={name: torch.rand(size, generator=generator) for name in extras},
    )
