"""Reading checkpoints: nothing is executed, nothing is loaded halfway, and every refusal says why."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from next_mm.errors import CheckpointError
from next_mm.utils.conventions import HasOptionalState, HasRowsOption
from next_mm.utils.weights import check_archive, refuse_unreadable

__all__ = ['latest_checkpoint', 'load_weights', 'read_checkpoint']

_SHOWN = 3


def read_checkpoint(path: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Read a checkpoint without executing anything in it.

    Args:
        path: a local file or an ``http(s)://`` address.
        map_location: as in :func:`torch.load`.

    Returns:
        The checkpoint, with the weights under ``state_dict``.

    Raises:
        CheckpointError: no such file, damaged file, a pickle that holds more than tensors and plain values, or no
            weights in it.
    """
    name = str(path)
    remote = re.match(r'https?://', name)
    if not remote and not Path(name).is_file():
        raise CheckpointError(f'{name}: no such checkpoint file')
    with refuse_unreadable(name):
        if remote:
            checkpoint = torch.hub.load_state_dict_from_url(name, map_location=map_location, weights_only=True)
        else:
            check_archive(Path(name))
            checkpoint = torch.load(name, map_location=map_location, weights_only=True)
    if not isinstance(checkpoint, dict):
        raise CheckpointError(f'{name}: expected a dictionary with weights, got {type(checkpoint).__name__}')
    if 'state_dict' not in checkpoint:
        if not checkpoint or not all(isinstance(value, Tensor) for value in checkpoint.values()):
            raise CheckpointError(f'{name}: expected weights under "state_dict", got the keys {_some(checkpoint)}')
        checkpoint = {'state_dict': checkpoint, 'meta': {}}
    if 'config' in checkpoint.get('meta', {}):
        # mmengine's Runner.resume executes this text as Python; what mmengine writes itself is under 'cfg'.
        raise CheckpointError(f'{name}: refused, meta["config"] is source code that resuming would run')
    return checkpoint


def load_weights(
    model: nn.Module, state_dict: Mapping[str, Tensor], *, source: str, ignore: Sequence[str] = ()
) -> None:
    """Load weights strictly: the checkpoint has every weight of the model, and no other.

    What a module lists in ``optional_state`` (the frozen text tower) may be there or not, whatever the model itself
    would store.

    Args:
        model: the model, not wrapped.
        state_dict: the weights; a leading ``module.`` is dropped.
        source: the checkpoint's name, for messages.
        ignore: prefixes of weights that keep their initial values, such as ``branches.classes.classifier``.

    Raises:
        CheckpointError: the checkpoint is another model's; nothing has been loaded then.
    """
    given = {re.sub(r'^module\.', '', key): value for key, value in state_dict.items()}
    unused = [prefix for prefix in ignore if not any(key.startswith(prefix) for key in given)]
    if unused:
        raise CheckpointError(
            f'{source}: load_ignore names {unused}, but no weight there begins so, e.g. {_some(given)}'
        )
    given = {key: value for key, value in given.items() if not key.startswith(tuple(ignore))}
    expected = {key: value for key, value in model.state_dict().items() if not key.startswith(tuple(ignore))}
    optional = _optional_prefixes(model)
    required, offered = (
        {key: value for key, value in weights.items() if not key.startswith(optional)} for weights in (expected, given)
    )
    problems = _differences(required, offered, getattr(model, 'num_classes', None))
    problems += _other_rows(model, required, offered) if problems else []
    if problems:
        raise CheckpointError(
            f'{source} is not a checkpoint of this model; nothing was loaded.\n' + '\n'.join(problems)
        )
    try:
        model.load_state_dict(given, strict=False)
    except RuntimeError as error:
        raise CheckpointError(f'{source} is not a checkpoint of this model. {error}') from None
    if ignore:
        print_log(f'{source}: the weights under {list(ignore)} were left as initialised', 'current')


def latest_checkpoint(work_dir: str | Path) -> str | None:
    """Find the checkpoint to resume from, also in a folder that was moved.

    It is the one that ``last_checkpoint`` names, else the newest of ``epoch_*.pth`` or ``iter_*.pth``.

    Returns:
        Its path; ``None`` in a folder without any checkpoint.

    Raises:
        CheckpointError: there are checkpoints, or a note of one, but none to resume from.
    """
    folder = Path(work_dir)
    note = folder / 'last_checkpoint'
    named = Path(note.read_bytes().decode('utf-8', 'replace').strip()) if note.is_file() else Path()
    for candidate in (folder / named.name, named):
        if candidate.is_file():
            return str(candidate)
    newest = max(folder.glob('*.pth'), key=_step_of, default=None)
    if newest is not None and _step_of(newest) >= 0:
        told = 'names none that is there' if note.is_file() else 'is not there'
        print_log(f'{note} {told}: going on from {newest}, the newest', 'current', logging.WARNING)
        return str(newest)
    what = f'{folder} holds {newest.name}' if newest is not None else ''
    if named.name:
        what = f'{note} names {named.name}, which is not in {work_dir}'
    if what:
        raise CheckpointError(
            f'{what}, and no epoch_*.pth to resume from; give a checkpoint (--resume PATH), or another work directory '
            'to start anew'
        )
    return None


def _step_of(path: Path) -> int:
    """The number in the name of a checkpoint that was saved to be resumed from; -1 of others."""
    match = re.fullmatch(r'(?:epoch|iter)_(\d+)\.pth', path.name)
    return int(match[1]) if match else -1


def _optional_prefixes(model: nn.Module) -> tuple[str, ...]:
    """Prefixes of weights that a checkpoint may lack: what a module lists in ``optional_state`` (the text tower)."""
    return tuple(
        f'{name}.{part}' if name else part
        for name, module in model.named_modules()
        if isinstance(module, HasOptionalState)
        for part in module.optional_state
    )


def _differences(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], num_classes: int | None) -> list[str]:
    """Describe what keeps ``given`` from being the weights of ``expected``; empty where nothing does."""
    lines = []
    missing = [key for key in expected if key not in given]
    unexpected = [key for key in given if key not in expected]
    shapes = [key for key in expected if key in given and expected[key].shape != given[key].shape]
    if missing:
        lines.append(f'  {len(missing)} of {len(expected)} weights are not in it: {_some(missing)}')
    if unexpected:
        lines.append(f'  {len(unexpected)} weights in it have no place in the model: {_some(unexpected)}')
    for key in shapes[:_SHOWN]:
        lines.append(f'  {key}: the model has {tuple(expected[key].shape)}, the checkpoint {tuple(given[key].shape)}')
    if len(shapes) > _SHOWN:
        lines.append(f'  and {len(shapes) - _SHOWN} more weights of other shapes')
    if shapes and not missing and not unexpected:
        lines += _other_identities({key: (expected[key], given[key]) for key in shapes}, num_classes)
    return lines


def _other_identities(shapes: Mapping[str, tuple[Tensor, Tensor]], num_classes: int | None) -> list[str]:
    """Say so where the number of identities alone differs: of every weight the first dimension, and alike."""
    rest = all(mine.shape[1:] == theirs.shape[1:] for mine, theirs in shapes.values())
    counts = {(len(mine), len(theirs)) for mine, theirs in shapes.values() if mine.dim() and theirs.dim()}
    if not rest or len(counts) != 1 or num_classes is None or next(iter(counts))[0] != num_classes:
        return []
    trained = next(iter(counts))[1]
    prefixes = list(dict.fromkeys(re.sub(r'\.(weight|bias)$', '', key) for key in shapes))
    return [
        f'  It was trained on {trained} identities, the config says {num_classes}. To test it set '
        f'model.num_classes={trained}; to go on with other identities set load_ignore="{prefixes}".'
    ]


def _other_rows(model: nn.Module, expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Name the option where a table has another number of rows."""
    lines = []
    for name, module in model.named_modules():
        key = f'{name}.weight'
        if not isinstance(module, HasRowsOption) or key not in expected or key not in given:
            continue
        if len(expected[key]) != len(given[key]):
            place = f'{name.rpartition(".")[0]}.{module.rows_option}'
            lines.append(
                f'  It was trained with {len(given[key])} rows in {name}, the config gives {len(expected[key])}: set '
                f'model.{place}'
            )
    return lines[:_SHOWN]


def _some(keys: Iterable[str]) -> str:
    names = [str(key) for key in keys]
    return ', '.join(names[:_SHOWN]) + (' ...' if len(names) > _SHOWN else '')
