"""An expert's feature as a sum of terms, which few queries read without the product that it takes to write it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['Feature', 'Term', 'read_terms', 'write_out']


class Term(NamedTuple):
    """A summand ``gate * (tokens @ weight^T + bias)`` of a feature (B, T, D); what is ``None`` is left out.

    Attributes:
        tokens: (B, T, K); K is D without a weight.
        weight: (D, K).
        bias: (D,).
        gate: (B, T).
    """

    tokens: Tensor
    weight: Tensor | None = None
    bias: Tensor | None = None
    gate: Tensor | None = None


Feature = list[Term]
"""A feature (B, T, D), the sum of its terms."""


def write_out(feature: Feature) -> Tensor:
    """Return a feature itself, (B, T, D)."""
    return _sum(_value(term) for term in feature)


def read_terms(queries: Tensor, feature: Feature, mask: Tensor | None) -> Tensor:
    """Return the mean of a feature (B, T, D) under the attention of queries (B, Q, D), scaled already: (B, Q, D).

    As ``q . (W x + b) = (W^T q) . x + q . b``, it is the queries that meet a term's weight, and likewise the mean.

    Args:
        queries: as many as it pays to map by the weights, instead of T tokens.
        feature: see :data:`Feature`.
        mask: (B, T) bool, true where a token may be seen; ``None`` is all.
    """
    scores = _sum(_score(queries, term) for term in feature)
    if mask is not None:
        scores = scores.masked_fill(~mask.unsqueeze(1), torch.finfo(scores.dtype).min)
    attention = scores.softmax(dim=-1)
    return _sum(_mean(attention, term) for term in feature)


def _value(term: Term) -> Tensor:
    """A term itself, (B, T, D)."""
    tokens, weight, bias, gate = term
    value = tokens if weight is None else F.linear(tokens, weight)
    value = value if bias is None else value + bias
    return value if gate is None else gate.unsqueeze(-1) * value


def _score(queries: Tensor, term: Term) -> Tensor:
    """Products (B, Q, T) of the queries with a term."""
    tokens, weight, bias, gate = term
    scores = (queries if weight is None else queries @ weight) @ tokens.transpose(1, 2)
    scores = scores if bias is None else scores + (queries @ bias).unsqueeze(-1)
    return scores if gate is None else scores * gate.unsqueeze(1)


def _mean(attention: Tensor, term: Term) -> Tensor:
    """Mean (B, Q, D) of a term under the attention (B, Q, T)."""
    tokens, weight, bias, gate = term
    attention = attention if gate is None else attention * gate.unsqueeze(1)
    mean = attention @ tokens
    mean = mean if weight is None else F.linear(mean, weight)
    return mean if bias is None else mean + attention.sum(dim=-1, keepdim=True) * bias


def _sum(parts: Iterable[Tensor]) -> Tensor:
    first, *rest = parts
    for part in rest:
        first = first + part
    return first
