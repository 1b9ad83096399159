"""Orders that are exact in an exported graph too, where there is no stable sort."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ['mark_highest', 'order_selected']


def order_selected(selected: Tensor) -> Tensor:
    """Return the places (B, N) that bring the selected of (B, N) bool to the front; both kinds keep their order."""
    places = torch.arange(selected.shape[1], device=selected.device)
    return (places + selected.shape[1] * ~selected).argsort(dim=1)  # no two are equal


def mark_highest(scores: Tensor, keep: int) -> Tensor:
    """Mark the ``keep`` highest of (..., N) scores, of equal ones those of the lowest index; returns (..., N) bool."""
    if torch.compiler.is_compiling():
        places = torch.arange(scores.shape[-1], device=scores.device)
        one, other = scores.unsqueeze(-1), scores.unsqueeze(-2)
        beaten = (other > one) | ((other == one) & (places < places.unsqueeze(-1)))  # (..., N, N)
        return beaten.sum(dim=-1) < keep
    best = scores.argsort(dim=-1, descending=True, stable=True)[..., :keep]
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, best, True)
