"""What the config of a resumed run changes, and which of the two values counts."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from next_mm.errors import CheckpointError

__all__ = ['changed_settings', 'compare_configs', 'read_config_text', 'read_plain_config']

# Part of the state that resuming loads: options of the parameter groups, schedulers, the scaler of the loss, the seed.
_FROM_CHECKPOINT = (
    'optim_wrapper.optimizer.',
    'optim_wrapper.paramwise_cfg',
    'optim_wrapper.loss_scale',
    'param_scheduler',
    'auto_scale_lr',
    'randomness.seed',
)
# Where a run goes on and how it was started: no settings of it.
_NO_SETTINGS = {'experiment_name', 'launcher', 'load_from', 'load_ignore', 'resume', 'work_dir'}
_OPTIMIZER = 'optim_wrapper.optimizer.type'
_ABSENT = 'absent'


def compare_configs(source: str, before: str, now: str) -> str | None:
    """Say what differs between the config of a checkpoint and that of the run that goes on from it.

    Args:
        source: name of the checkpoint.
        before: config text in the checkpoint.
        now: config text of the run.

    Returns:
        The text of a warning, ``None`` where nothing differs or a text cannot be read.

    Raises:
        CheckpointError: the optimizer is another one, which cannot take over the state.
    """
    old, new = read_config_text(before), read_config_text(now)
    if old is None or new is None:
        return None
    changes = changed_settings(old, new)
    was, wanted = changes.get(_OPTIMIZER, (_ABSENT, _ABSENT))
    if _ABSENT not in (was, wanted):
        raise CheckpointError(
            f'{source}: trained with optimizer {was}, but {_OPTIMIZER} is {wanted}, which cannot take over its state; '
            'start a new run from these weights with load_from'
        )
    kept = [
        f'  {key}: {was} (the config says {is_now})'
        for key, (was, is_now) in changes.items()
        if key.startswith(_FROM_CHECKPOINT)
    ]
    taken = [
        f'  {key}: {is_now} (it was {was})'
        for key, (was, is_now) in changes.items()
        if not key.startswith(_FROM_CHECKPOINT)
    ]
    if not changes:
        return None
    return '\n'.join(
        [
            f'The config differs from that of {source}.',
            *(['Kept from the checkpoint, whatever the config says now:', *kept] if kept else []),
            *(['As the config says now:', *taken] if taken else []),
        ]
    )


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Dotted keys of what differs, as ``--cfg-options`` writes them, sorted, with both values as Python writes them.

    Args:
        before: a config.
        now: another config; tuples and lists are the same, names with a leading underscore do not count.
    """
    old, new = ({key: repr(value) for key, value in _flatten('', config)} for config in (before, now))
    keys = sorted(key for key in {*old, *new} if key.split('.')[0] not in _NO_SETTINGS and not key.startswith('_'))
    return {key: (old.get(key, _ABSENT), new.get(key, _ABSENT)) for key in keys if old.get(key) != new.get(key)}


def read_config_text(text: str) -> dict[str, Any] | None:
    """Read what ``Config.pretty_text`` wrote, without running it: whatever is no plain value stays text.

    Args:
        text: assignments in Python.

    Returns:
        Name to value; ``None`` if it is not Python.
    """
    try:
        lines = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    assignments = [(line.targets[0], line.value) for line in lines if isinstance(line, ast.Assign)]
    return {target.id: _value(value) for target, value in assignments if isinstance(target, ast.Name)}


def read_plain_config(text: str) -> dict[str, Any]:
    """Read what ``Config.pretty_text`` wrote, without running it.

    Args:
        text: assignments of plain values to names.

    Raises:
        ValueError: something else is in it; the text names the line.
    """
    values = {}
    try:
        for line in ast.parse(text).body:
            target = line.targets[0] if isinstance(line, ast.Assign) else None
            if not isinstance(line, ast.Assign) or not isinstance(target, ast.Name):
                raise ValueError(f'line {line.lineno}: expected an assignment to a name')
            values[target.id] = _value(line.value, plain=True)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f'it is not Python ({error})') from error
    return values


def _value(node: ast.expr, *, plain: bool = False) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        if len(node.args) == 1:  # dict({...}), for keys that are no names
            return _value(node.args[0], plain=plain)
        if plain and (node.args or any(keyword.arg is None for keyword in node.keywords)):
            raise ValueError(f'line {node.lineno}: {ast.unparse(node)[:80]} is no plain value')
        return {str(keyword.arg): _value(keyword.value, plain=plain) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        entries = zip(node.keys, node.values)
        return {_value(key, plain=plain): _value(value, plain=plain) for key, value in entries if key is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item, plain=plain) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    try:
        return ast.literal_eval(node)
    except ValueError:
        if plain:
            raise ValueError(f'line {node.lineno}: {ast.unparse(node)[:80]} is no plain value') from None
        return ast.unparse(node)


def _flatten(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Leaves with their dotted places; a sequence of plain values is a leaf."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flatten(f'{place}.{key}' if place else str(key), inner)
    elif isinstance(value, (list, tuple)) and any(isinstance(inner, (Mapping, list, tuple)) for inner in value):
        for index, inner in enumerate(value):
            yield from _flatten(f'{place}.{index}', inner)
    else:
        yield place, list(value) if isinstance(value, tuple) else value
