"""Weights files: no Python in them is run, and one that is damaged or holds more than weights
is refused in one line."""

from __future__ import annotations

import pickle
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from next_mm.errors import CheckpointError, ConfigError

__all__ = ['RANDOM_WEIGHTS', 'check_archive', 'is_torchscript', 'load_exactly', 'read_weights', 'refuse_unreadable']

RANDOM_WEIGHTS = 'random'
"""In the place of a file's name: draw the weights, for a model that is only counted."""

_DAMAGED = (
    pickle.UnpicklingError,
    SafetensorError,
    EOFError,
    RuntimeError,
    AssertionError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
)
"""What torch and safetensors raise for files with other or broken contents."""
_TENSORS = ('data/', 'constants/')
_SINGLE_RECORDS = ('data.pkl', 'constants.pkl', 'version', 'byteorder')
"""What a TorchScript archive holds beside tensors and code; the old format, all in ``model.json``, is not read."""
_OPENAI_SIZES = ('input_resolution', 'context_length', 'vocab_size')


@contextmanager
def refuse_unreadable(name: str) -> Iterator[None]:
    """Turn what reading a weights file raises into one line; only the reading belongs inside.

    Args:
        name: what to call the file.

    Raises:
        CheckpointError: a damaged file, or a pickle that holds more than tensors and plain values.
    """
    try:
        yield
    except CheckpointError:
        raise
    except _DAMAGED as error:
        raise CheckpointError(f'{name}: {_explain(error)}') from None


def check_archive(path: Path) -> None:
    """Compare every record of an archive that ``torch.save`` wrote with its checksum, which torch itself does not.

    Args:
        path: a file; one that is no archive (the format before torch 1.6, safetensors) holds no checksums and passes.

    Raises:
        CheckpointError: a record is not what was written.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise CheckpointError(f'{path}: damaged or no checkpoint ({error})') from None
    if broken is not None:
        raise CheckpointError(
            f'{path}: damaged, the checksum of its record {broken} is wrong (a flipped bit is enough); '
            'take another copy'
        )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the weights of a ``.safetensors`` file, of OpenAI's own TorchScript archive, or of
    what ``torch.save`` wrote.

    Args:
        path: a file; weights under ``state_dict`` are taken from there, and a leading ``module.`` is dropped.

    Raises:
        CheckpointError: a damaged file, one that could run code, or one without weights.
    """
    with refuse_unreadable(str(path)):
        check_archive(path)
        if path.suffix == '.safetensors':
            found = load_file(path)
        elif is_torchscript(path):
            found = _read_torchscript(path)
        else:
            found = torch.load(path, map_location='cpu', weights_only=True)
    if isinstance(found, dict) and isinstance(found.get('state_dict'), dict):
        found = found['state_dict']
    if not isinstance(found, dict) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        came = f'a dictionary of {[str(key) for key in found][:3]}' if isinstance(found, dict) else type(found).__name__
        raise CheckpointError(f'{path}: expected a dictionary of weights, got {came}')
    return {re.sub(r'^module\.', '', key): value for key, value in found.items()}


def load_exactly(module: nn.Module, state: Mapping[str, Tensor], name: str, expected: str) -> None:
    """Load weights that must be all of a module's, no more and no less.

    Args:
        module: the module.
        state: its weights by key.
        name: what to call the weights.
        expected: what they should be of.

    Raises:
        ConfigError: an entry is missing, unknown, or of another shape.
    """
    own = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    odd = sorted(state.keys() ^ own.keys())
    problem = 'missing or unknown'
    if not odd:
        odd = [f'{key} {tuple(state[key].shape)}' for key, shape in own.items() if tuple(state[key].shape) != shape]
        problem = 'of another shape'
    if odd:
        raise ConfigError(f'{name}: expected {expected}, {len(odd)} entries are {problem}, e.g. {", ".join(odd[:3])}')
    module.load_state_dict(state)


def is_torchscript(path: Path) -> bool:
    """Tell OpenAI's own archives (TorchScript) from other files, as torch itself does.

    Raises:
        CheckpointError: a damaged archive.
    """
    if not zipfile.is_zipfile(path):
        return False
    with refuse_unreadable(str(path)):
        return 'constants.pkl' in torch._C.PyTorchFileReader(str(path)).get_all_records()


def _read_torchscript(path: Path) -> dict[str, Tensor]:
    """The weights of a TorchScript archive, which is a program: its ``__setstate__`` would run on
    loading, so none may be there.

    torch finds records whatever the case of their names, and where two go by one name we could read the
    one and torch the other.
    """
    archive = torch._C.PyTorchFileReader(str(path))
    names = archive.get_all_records()
    if len({name.lower() for name in names}) < len(names) or any(not _is_usual_record(name) for name in names):
        raise CheckpointError(
            f'{path}: refused, its records are not those that torch.jit.save writes. '
            'Loading it could run code, so it is not loaded.'
        )
    code = (archive.get_record(name) for name in names if not name.startswith(_TENSORS))
    if any(b'__setstate__' in text for text in code):
        raise CheckpointError(
            f'{path}: refused, its TorchScript has a __setstate__. Loading it could run code, so it is not loaded.'
        )
    weights = torch.jit.load(str(path), map_location='cpu').state_dict()
    return {name: value for name, value in weights.items() if name not in _OPENAI_SIZES}


def _is_usual_record(name: str) -> bool:
    return name in _SINGLE_RECORDS or name.startswith(('code/', 'extra/', '.data/', *_TENSORS))


def _explain(error: Exception) -> str:
    """Say in one line why a file is refused, without what torch advises (to switch its protection off)."""
    kind = re.search(r'GLOBAL ([\w.]+)', str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if kind:
        return (
            f'refused, it holds {kind[1]}, not only tensors and plain values. '
            'Loading it could run code, so it is not loaded.'
        )
    if 'TorchScript archives' in str(error):
        return 'expected a dictionary with weights, got a TorchScript archive'
    reason = (
        str(error).partition('\n')[0].partition('. ')[0] if isinstance(error, (RuntimeError, SafetensorError)) else ''
    )
    return 'damaged or no checkpoint' + (f' ({reason})' if reason else '')
