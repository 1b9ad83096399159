"""Weights, pictures and captions by formula, on which the authors' own programs were run to make ``tests/data/zoo``.

No weights are stored: the key of an entry and the place of a number in it decide its value. The families of fixtures
differ in the amplitude of matrices, in the pictures and in a few exceptions; both are arguments here.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = [
    'FIXTURES',
    'by_fan_in',
    'constant',
    'fill_state',
    'formula_captions',
    'on_device',
    'read_keys',
    'read_outputs',
    'relative_error',
    'ripples',
    'waves',
]

FIXTURES = Path(__file__).parents[1] / 'data' / 'zoo'
"""A folder a system: ``keys*.json`` ([key, shape, dtype] of the authors' state dict, in order),
``outputs.npz``, ``README.md``."""
SMALL = 0.02
_CHUNK = 1 << 20

Amplitude = Callable[[tuple[int, ...]], float]


def by_fan_in(shape: tuple[int, ...]) -> float:
    """Amplitude sqrt(3 / fan in) of a matrix: the CLIP family and the convolutional networks."""
    return float(np.sqrt(3 / np.prod(shape[1:])))


def constant(shape: tuple[int, ...]) -> float:
    """Amplitude 0.02 of everything: the family of the plain vision transformer."""
    del shape
    return SMALL


def read_keys(path: Path) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    """Return the entries of an authors' state dict, in their order."""
    return [(key, tuple(shape), getattr(torch, dtype)) for key, shape, dtype in json.loads(path.read_text())]


def read_outputs(path: Path) -> dict[str, Tensor]:
    """Return the arrays of a fixture by name."""
    with np.load(path) as arrays:
        return {name: on_device(arrays[name]) for name in arrays.files}


def fill_state(
    keys: Iterable[tuple[str, tuple[int, ...], torch.dtype]],
    *,
    matrices: Amplitude = by_fan_in,
    means: Mapping[str, object] | None = None,
    amplitudes: Mapping[str, float] | None = None,
    kept: Mapping[str, Tensor] | None = None,
    tied: Callable[[str], str] = str,
) -> dict[str, Tensor]:
    """Make a state dict by the formula.

    Args:
        keys: key, shape and dtype of each entry; integer entries become zeros.
        matrices: amplitude of an entry of two and more dimensions; all others have 0.02.
        means: pattern of a whole key to the mean of its entry, a number or one for each element; by default 1 for
            ``running_var`` and one-dimensional weights, else 0.
        amplitudes: pattern of a whole key to its amplitude.
        kept: key to a value that is not by the formula.
        tied: names for a key the key that decides its values, where several keys name one tensor.
    """
    state: dict[str, Tensor] = {}
    filled: dict[str, Tensor] = {}
    for key, shape, dtype in keys:
        if key in (kept or {}):
            state[key] = kept[key].clone()
            continue
        if not dtype.is_floating_point:
            state[key] = torch.zeros(shape, dtype=dtype)
            continue
        source = tied(key)
        if source not in filled:
            mean = _matching(means, source, _mean(source, shape))
            amplitude = _matching(amplitudes, source, matrices(shape) if len(shape) > 1 else SMALL)
            filled[source] = on_device(np.asarray(mean + amplitude * _noise(source, shape))).to(dtype)
        state[key] = filled[source]
    return state


def ripples(batch: int, height: int, width: int) -> Tensor:
    """Pictures (B, 3, 3, H, W) of the CLIP family."""
    b, m, c, y, x = _axes(batch, height, width)
    return on_device(
        np.sin(0.05 * (m + 1) * y + 0.07 * (b + 1) * x + 0.9 * c + 0.0007 * (c + 1) * y * x).astype(np.float32)
    )


def waves(batch: int, height: int, width: int) -> Tensor:
    """Pictures (B, 3, 3, H, W) of the plain vision transformers and of the convolutional networks."""
    b, m, c, y, x = _axes(batch, height, width)
    picture = np.sin(0.1 * y + 0.17 * x + 0.9 * c + 1.7 * m + 2.3 * b) * np.cos(0.05 * y * (m + 1) - 0.03 * x * (c + 1))
    return on_device(picture.astype(np.float32))


def formula_captions(batch: int) -> Tensor:
    """Caption tokens (B, 3, 77): 20 + 5 b + 7 m tokens between start and end, then zeros."""
    tokens = torch.zeros(batch, 3, 77, dtype=torch.int32, device='cpu')
    for b in range(batch):
        for m in range(3):
            length = 20 + 5 * b + 7 * m
            inner = [1 + (37 * j + 101 * m + 211 * b) % 40000 for j in range(1, length)]
            tokens[b, m, : length + 1] = torch.tensor([49406, *inner, 49407], device='cpu')
    return tokens


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest entry of ``expected``."""
    assert actual.shape == expected.shape, f'{tuple(actual.shape)} against {tuple(expected.shape)}'
    expected = expected.double()
    return float((actual.detach().double() - expected).abs().max() / expected.abs().max())


def on_device(array: np.ndarray) -> Tensor:
    """A tensor where tests compute: ``pytest --device cuda``, see ``tests/conftest.py``."""
    return torch.from_numpy(array).to(torch.get_default_device())


def _matching(table: Mapping[str, object] | None, key: str, otherwise: object) -> object:
    return next((value for pattern, value in (table or {}).items() if re.fullmatch(pattern, key)), otherwise)


def _mean(key: str, shape: tuple[int, ...]) -> float:
    return float(key.endswith('running_var') or (len(shape) == 1 and key.endswith('weight')))


def _noise(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in [-1, 1) by key and flat index, in float64, every operation rounded by itself."""
    phase = (zlib.crc32(key.encode()) % 100003) * 0.001
    flat = np.empty(int(np.prod(shape)))
    for start in range(0, len(flat), _CHUNK):
        part = np.arange(start, min(start + _CHUNK, len(flat)), dtype=np.float64) * 12.9898 + phase
        part = np.sin(part) * 43758.5453
        flat[start : start + _CHUNK] = (part - np.floor(part)) * 2 - 1
    return flat.reshape(shape)


def _axes(batch: int, height: int, width: int) -> list[np.ndarray]:
    return np.meshgrid(*(np.arange(n, dtype=np.float64) for n in (batch, 3, 3, height, width)), indexing='ij')
