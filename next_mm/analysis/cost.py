"""What a model costs, part by part: trainable parameters and multiply-accumulates a triplet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from next_mm.errors import ConfigError
from next_mm.methods.next.mgfa import CrossAttention, MGFAHead
from next_mm.structures import TripletBatch
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.tables import draw_table

__all__ = ['PartCost', 'cost_table', 'count_costs']

_PARTS = {'visual': 'backbone', 'text': 'text', 'TMSE': 'neck.semantic', 'CSSE': 'neck.structure', 'MGFA': 'head'}
_CLASSIFIER = ('branches.',)


@dataclass
class PartCost:
    """Cost of a part.

    Attributes:
        trainable: trainable parameters.
        frozen: frozen parameters.
        macs: multiply-accumulates for one triplet at test, in linear layers and convolutions in their usual form: the paper's count.
        executed: those that our code really does; MGFA does less than its usual form, and short lists of captions are padded.
        attention: those of the attention products (scores and weighted sums), which the paper's count leaves out.
    """

    trainable: int = 0
    frozen: int = 0
    macs: int = 0
    executed: int = 0
    attention: int = 0

    def __add__(self, other: PartCost) -> PartCost:
        return PartCost(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other))))


def count_costs(model: nn.Module, image_size: tuple[int, int]) -> dict[str, PartCost]:
    """Count the parts of a NEXTReID; parts that it lacks are left out.

    Three different captions of full length are encoded, as the paper counts. Shorter and repeated captions cost less, known ones nothing.

    Args:
        model: the model, on the CPU; its mode is kept.
        image_size: picture height and width in pixels.

    Returns:
        Name of the part to its cost: ``visual``, ``text``, ``TMSE``, ``CSSE``, ``MGFA`` and ``BNNeck, classifier`` (not run at test).
    """
    was_training = model.training
    model.eval()
    with (
        torch.no_grad(),
        FlopCounterMode(display=False) as counter,
        _attention_apart(counter) as attention,
        _usual_form(model) as usual,
    ):
        model(*_one_triplet(model, image_size), mode='tensor')
    model.train(was_training)
    flops, root = counter.get_flop_counts(), type(model).__name__
    if 'head' in usual:
        usual['head'] += sum(flops[f'{root}.head.ffn'].values()) // 2
    costs = {}
    for part, path in _PARTS.items():
        if _submodule(model, path) is None or (part == 'MGFA' and not isinstance(model.head, MGFAHead)):
            continue
        cost = _parameters(model, path)
        cost.executed = sum(flops.get(f'{root}.{path}', {}).values()) // 2
        cost.macs = usual.get(path, cost.executed)
        cost.attention = attention.get(f'{root}.{path}', 0)
        costs[part] = cost
    classifier = PartCost()
    for name, parameter in model.named_parameters():
        if name.startswith(_CLASSIFIER):
            classifier.trainable += parameter.numel() * parameter.requires_grad
            classifier.frozen += parameter.numel() * (not parameter.requires_grad)
    costs['BNNeck, classifier'] = classifier
    return costs


def _parameters(model: nn.Module, path: str) -> PartCost:
    cost = PartCost()
    for name, parameter in model.named_parameters():
        if name.startswith(f'{path}.') and not name.startswith(_CLASSIFIER):
            cost.trainable += parameter.numel() * parameter.requires_grad
            cost.frozen += parameter.numel() * (not parameter.requires_grad)
    tower = getattr(_submodule(model, path), 'tower', None) if path == 'text' else None
    if tower is not None:  # the text encoder keeps its frozen tower out of its own parameters
        cost.frozen += sum(parameter.numel() for parameter in tower.parameters())
    return cost


def _submodule(model: nn.Module, path: str) -> nn.Module | None:
    for name in path.split('.'):
        model = getattr(model, name, None)
        if model is None:
            return None
    return model


def _one_triplet(model: Any, image_size: tuple[int, int]) -> tuple[Tensor, TripletBatch]:
    """A triplet of noise with three different captions of full length."""
    batch = TripletBatch(samples=[], cameras=torch.zeros(1, dtype=torch.int64))
    if getattr(model, 'text', None) is not None:
        if not hasattr(model.text, 'tower'):
            raise ConfigError(
                f'model.text is {type(model.text).__name__}, which has no text tower to count: count with CLIPText'
            )
        tower = model.text.tower
        length, end = tower.context_length, tower.vocab_size - 1  # CLIP's end-of-text token has the highest number
        tokens = (
            torch.arange(1, NUM_MODALITIES * length + 1, dtype=torch.int32).view(1, 1, NUM_MODALITIES, length) % end
        )
        tokens[..., -1] = end
        batch.tokens = tokens
    return torch.randn(1, NUM_MODALITIES, 3, *image_size), batch


@contextmanager
def _attention_apart(counter: FlopCounterMode) -> Iterator[dict[str, int]]:
    """Count the products of scaled dot-product attention by themselves, by module, whatever kernel would run them."""
    counts: dict[str, int] = {}
    original, fast_path = F.scaled_dot_product_attention, torch.backends.mha.get_fastpath_enabled()

    def counted(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        for module in counter.mod_tracker.parents:
            counts[module] = counts.get(module, 0) + query.shape[:-1].numel() * key.shape[-2] * (
                query.shape[-1] + value.shape[-1]
            )
        return query.new_zeros(*query.shape[:-1], value.shape[-1])

    try:
        torch.backends.mha.set_fastpath_enabled(False)  # the fused path hides the linear layers
        F.scaled_dot_product_attention = counted
        yield counts
    finally:
        F.scaled_dot_product_attention = original
        torch.backends.mha.set_fastpath_enabled(fast_path)


@contextmanager
def _usual_form(model: nn.Module) -> Iterator[dict[str, int]]:
    """Count the parts that our code runs otherwise than written in the paper, as if they were run so.

    MGFA: keys and values of all tokens are projected in every pass. Text: every token of every caption goes through the tower once.
    """
    counts: dict[str, int] = {}

    def attention(module: CrossAttention, args: tuple[Tensor, Tensor], output: Tensor) -> None:
        queries, tokens = args[0].shape[2], args[1].shape[1]
        query = 0 if 'head' in counts else queries  # the queries are projected once for all passes
        counts['head'] = counts.get('head', 0) + (2 * tokens + queries + query) * module.query.weight.numel()

    def tower(module: nn.Module, args: tuple[Sequence[np.ndarray]], output: Tensor) -> None:
        layers = sum(parameter.numel() for parameter in module.blocks.parameters() if parameter.dim() == 2)
        projection = sum(
            parameter.numel() for name, parameter in module.named_parameters() if name.startswith('text_projection')
        )
        counts['text'] = sum(map(len, args[0])) * layers + len(args[0]) * projection

    handles = [
        module.register_forward_hook(attention) for module in model.modules() if isinstance(module, CrossAttention)
    ]
    if getattr(getattr(model, 'text', None), 'tower', None) is not None:
        handles.append(model.text.tower.register_forward_hook(tower))
    try:
        yield counts
    finally:
        for handle in handles:
            handle.remove()


_CAPTION = (
    'MACs: multiply-accumulates of linear layers and convolutions at test, as the paper counts them. Executed: those that the '
    'code does. Attention products apart. Captions: three different ones of full length, none known before.'
)


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
