"""Networks over modalities of which some are absent: nothing of an absent picture reaches a feature or a statistic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

__all__ = ['apply_present', 'encode_present']


def encode_present(
    networks: Sequence[nn.Module], pictures: Sequence[Tensor], present: Tensor | None
) -> list[dict[str, Tensor]]:
    """Run a network over each modality; its outputs are zero where the picture is absent.

    In training a network sees the pictures that are there and no others, so that its batch norms count them alone;
    where these are fewer than two, of which a batch norm has no variance, it does not learn. Otherwise it sees all,
    absent ones as zeros, so that shapes do not depend on values.

    Args:
        networks: M networks, pictures (B, 3, H, W) to named outputs (B, ...).
        pictures: M times (B, 3, H, W).
        present: (B, M) bool, or ``None`` where all are there.

    Returns:
        The named outputs of each network.
    """
    columns = [None] * len(networks) if present is None else present.unbind(1)
    return [_run(network, network, x, rows) for network, x, rows in zip(networks, pictures, columns)]


def apply_present(module: nn.Module, x: Tensor, rows: Tensor | None) -> Tensor:
    """Apply a module to the samples that count, as :func:`encode_present` does; the others give zero.

    Args:
        module: maps (B, ...) to (B, ...), each sample by itself or with batch norm.
        x: (B, ...).
        rows: (B,) bool, or ``None`` for all.
    """
    return _run(module, lambda x: {'': module(x)}, x, rows)['']


def _run(
    module: nn.Module, call: Callable[[Tensor], Mapping[str, Tensor]], x: Tensor, rows: Tensor | None
) -> dict[str, Tensor]:
    """Call ``module``, in the form ``call``, on the samples that count."""
    if rows is None:
        return dict(call(x))
    if not module.training:
        return {name: _keep(value, rows) for name, value in call(_keep(x, rows)).items()}
    if rows.sum() > 1:
        return {name: _spread(value, rows) for name, value in call(x[rows]).items()}
    module.eval()  # for the shapes alone: statistics and weights stay as they are
    outputs = call(torch.zeros_like(x[:1]))
    module.train()
    return {name: value.new_zeros(len(rows), *value.shape[1:]) for name, value in outputs.items()}


def _keep(value: Tensor, rows: Tensor) -> Tensor:
    """Set the rows (B, ...) that do not count to zero."""
    return value.masked_fill(~rows.view(-1, *[1] * (value.dim() - 1)), 0.0)


def _spread(value: Tensor, rows: Tensor) -> Tensor:
    """Put rows (n, ...) where ``rows`` (B,) is true, zeros elsewhere."""
    return value.new_zeros(len(rows), *value.shape[1:]).index_put((rows,), value)
