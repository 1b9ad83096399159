"""Tiny CLIPs and triplets for the model tests."""

import json
from pathlib import Path

import pytest
import torch

from next_mm.structures import ReIDDataSample
from tests.conftest import TINY_CLIP


@pytest.fixture(scope='session')
def tiny_clip_gelu(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same CLIP with plain GELU."""
    path = Path(tmp_path_factory.mktemp('clip')) / 'tiny-clip.json'
    path.write_text(json.dumps({**TINY_CLIP, 'quick_gelu': False}))
    return str(path)


@pytest.fixture
def model_cfg(tiny_clip: str) -> dict:
    """The full NEXT model without captions' tower, on the tiny CLIP."""
    return {
        'type': 'NEXTReID',
        'data_preprocessor': {'type': 'TripletPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
        'backbone': {'type': 'CLIPVisual', 'model_name': tiny_clip, 'pretrained': None, 'image_size': (32, 16)},
        'text': {'type': 'CLIPText', 'model_name': tiny_clip, 'pretrained': None},
        'neck': {
            'type': 'MultiGrainedExperts',
            'semantic': {'type': 'TMSE', 'num_experts': 3},
            'structure': {'type': 'CSSE', 'num_experts': 3},
        },
        'head': {'type': 'MGFAHead', 'num_classes': 4, 'num_heads': 4, 'triplet': {'type': 'TripletLoss'}},
    }


def make_samples(labels: list[int], subsets: int = 3, **fields: torch.Tensor) -> dict:
    """A raw batch as the data loader gives it: random pictures, random captions of 5 to 9 tokens."""
    generator = torch.Generator().manual_seed(len(labels) + subsets)
    data: dict = {'inputs': [], 'data_samples': []}
    for index, label in enumerate(labels):
        data['inputs'].append(torch.randint(0, 256, (3, 3, 32, 16), dtype=torch.uint8, generator=generator))
        sample = ReIDDataSample(metainfo={'sample_idx': index, 'name': f'{index:06d}.jpg', 'camera': index % 2})
        sample.label = label
        sample.present = torch.ones(3, dtype=torch.bool)
        sample.has_text = torch.ones(3, dtype=torch.bool)
        sample.tokens = torch.zeros(subsets, 3, 77, dtype=torch.int32)
        for row in sample.tokens.flatten(0, 1):
            length = int(torch.randint(3, 8, (), generator=generator))
            row[0], row[length + 1] = 49406, 49407
            row[1 : length + 1] = torch.randint(1, 40000, (length,), generator=generator)
        for name, value in fields.items():
            sample.set_data({name: value[index]})
        data['data_samples'].append(sample)
    return data
