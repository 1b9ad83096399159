"""What a model costs, part by part: trainable parameters and multiply-accumulates a triplet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from next_mm.errors import ConfigError, DataError
from next_mm.models import ReIDModel
from next_mm.models.clip.attention import attend_and_weigh
from next_mm.utils.tables import draw_table

__all__ = ['BRANCHES', 'OTHER', 'PartCost', 'cost_table', 'count_costs']

BRANCHES = 'BNNeck, classifier'
"""The row of the identity branches, which are not run at test."""

OTHER = 'other'
"""The row of what belongs to none of the model's parts."""

_CAPTION = (
    'MACs: multiply-accumulates of linear layers and convolutions at test, as the papers count them. Executed: those '
    'that the code '
    'does. Attention products apart. Captions: three different ones of full length, none known before.'
)


@dataclass
class PartCost:
    """Cost of a part.

    Attributes:
        trainable: trainable parameters.
        frozen: frozen parameters.
        macs: multiply-accumulates for one triplet at test, in linear layers and convolutions in their usual
            form: the papers' count.
        executed: those that our code really does; it can be fewer, and short lists of captions are padded.
        attention: those of the attention products (scores and weighted sums), which the papers' count leaves out.
    """

    trainable: int = 0
    frozen: int = 0
    macs: int = 0
    executed: int = 0
    attention: int = 0

    def __add__(self, other: PartCost) -> PartCost:
        return PartCost(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other))))

    def __sub__(self, other: PartCost) -> PartCost:
        return PartCost(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other))))


def count_costs(model: ReIDModel) -> dict[str, PartCost]:
    """Count the parts that a model declares; parts that it was built without are left out.

    Captions of full length are encoded, three different ones. Shorter and repeated captions
    cost less, known ones nothing.

    A module that runs otherwise than written in its paper may say what its usual form costs: its method
    ``count_macs(args, output)`` returns the multiply-accumulates of one call. A module that keeps frozen networks out
    of the model's parameters names them in ``kept_apart``.

    Args:
        model: the model, on the CPU; its mode is kept.

    Returns:
        Name of the part to its cost, then :data:`OTHER` where something belongs to no part, then :data:`BRANCHES`.

    Raises:
        ConfigError: the captions that are encoded ahead have no tower to count.
    """
    was_training = model.training
    model.eval()
    with torch.no_grad(), _count() as counts, _usual_form(model, counts):
        try:
            model(torch.randn(1, 3, 3, *model.image_size), model.example_batch(), mode='tensor')
        except DataError as error:
            raise ConfigError(f'{type(model).__name__} cannot be counted on captions of its own: {error}') from error
    model.train(was_training)
    parts = {name: path for name, path in model.parts.items() if _submodule(model, path) is not None}
    costs = {name: _cost_of(model, path, counts) for name, path in parts.items()}
    branches = _cost_of(model, 'branches', counts)
    other = _cost_of(model, '', counts) - sum(costs.values(), branches)
    return {**costs, **({OTHER: other} if other != PartCost() else {}), BRANCHES: branches}


@dataclass
class _Counts:
    """Multiply-accumulates by the path of the module in which they were done."""

    executed: Callable[[], int]
    flops: Callable[[], Mapping[str, Any]]
    parents: Callable[[], Iterable[str]]
    attention: Counter[str]
    saved: Counter[str]


@contextmanager
def _count() -> Iterator[_Counts]:
    """Count what runs inside, module by module, attention products apart."""
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # the fused path hides the linear layers
    try:
        with FlopCounterMode(display=False) as counter:
            counts = _Counts(
                executed=lambda: counter.get_total_flops() // 2,
                flops=counter.get_flop_counts,
                parents=lambda: set(counter.mod_tracker.parents),
                attention=Counter(),
                saved=Counter(),
            )
            with _AttentionApart(counts):
                yield counts
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)


class _AttentionApart(TorchFunctionMode):
    """Count the products of scaled dot-product attention by themselves, whatever kernel would run them.

    What attends comes out as zeros: nothing but the number of products is asked for.
    """

    def __init__(self, counts: _Counts) -> None:
        super().__init__()
        self.counts = counts

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func not in (F.scaled_dot_product_attention, attend_and_weigh):
            return func(*args, **(kwargs or {}))
        given = dict(zip(('query', 'key', 'value'), args)) | (kwargs or {})
        query, key, value = given['query'], given['key'], given['value']
        products = query.shape[:-1].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1])
        for module in self.counts.parents():
            self.counts.attention[module] += products
        answer = query.new_zeros(*query.shape[:-1], value.shape[-1])
        if func is F.scaled_dot_product_attention:
            return answer
        return answer, query.new_zeros(*query.shape[:-1], key.shape[-2])


@contextmanager
def _usual_form(model: nn.Module, counts: _Counts) -> Iterator[None]:
    """Note by how much the usual form of each call exceeds what is executed, for modules that have ``count_macs``."""
    open_calls: list[tuple[int, set[str]]] = []

    def before(module: nn.Module, args: tuple) -> None:
        open_calls.append((counts.executed(), set(counts.parents())))

    def after(module: Any, args: tuple, output: Any) -> None:
        start, parents = open_calls.pop()
        saved = module.count_macs(args, output) - (counts.executed() - start)
        for name in parents:
            counts.saved[name] += saved

    with ExitStack() as stack:
        for module in _all_modules(model):
            if hasattr(module, 'count_macs'):
                for handle in (module.register_forward_pre_hook(before), module.register_forward_hook(after)):
                    stack.callback(handle.remove)
        yield


def _all_modules(model: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules of a model, and of the networks that some of them keep apart."""
    for module in model.modules():
        yield module
        for network in getattr(module, 'kept_apart', ()):
            yield from network.modules()


def _cost_of(model: nn.Module, path: str, counts: _Counts) -> PartCost:
    """Cost of the submodule at a path, or of the whole model at the empty one."""
    part = model.get_submodule(path)
    parameters = dict.fromkeys(parameter for module in _all_modules(part) for parameter in module.parameters())
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    flops = counts.flops()
    names = list(_outermost(part, f'{type(model).__name__}.{path}'.rstrip('.'), flops))
    executed = sum(sum(flops[name].values()) // 2 for name in names)
    return PartCost(
        trainable=trainable,
        frozen=sum(parameter.numel() for parameter in parameters) - trainable,
        macs=executed + sum(counts.saved[name] for name in names),
        executed=executed,
        attention=sum(counts.attention[name] for name in names),
    )


def _outermost(part: nn.Module, name: str, ran: Mapping[str, Any]) -> Iterator[str]:
    """Yield the name of a module that ran, or of those in it that did: a list of modules has no
    forward pass of its own."""
    if name in ran:
        yield name
    else:
        for key, child in part.named_children():
            yield from _outermost(child, f'{name}.{key}', ran)


def _submodule(model: nn.Module, path: str) -> nn.Module | None:
    found: nn.Module | None = model
    for name in path.split('.'):
        found = getattr(found, name, None)
    return found


def cost_table(title: str, costs: dict[str, PartCost]) -> str:
    """Draw costs as a table with their sum.

    Args:
        title: what was counted.
        costs: from :func:`count_costs`.
    """
    return draw_table(
        ['part', 'trainable, M', 'frozen, M', 'MACs, G', 'executed, G', 'attention, G'],
        [
            *([name, *_cells(cost)] for name, cost in costs.items()),
            None,
            ['sum', *_cells(sum(costs.values(), PartCost()))],
        ],
        title=f'{title}: cost of one triplet',
        caption=_CAPTION,
        width=100,
    )


def _cells(cost: PartCost) -> list[str]:
    millions = [cost.trainable, cost.frozen]
    return [f'{value / 1e6:.2f}' for value in millions] + [
        f'{value / 1e9:.2f}' for value in (cost.macs, cost.executed, cost.attention)
    ]
