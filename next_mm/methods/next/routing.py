"""Which tokens an expert takes: straight-through sampling, text modulation, and the small networks
behind them (Eq. 2-6)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.next.experts import linear_parameter


def sample_tokens(route: Tensor, threshold: Tensor, temperature: float = 1.0) -> Tensor:
    """Mark the tokens whose route exceeds the threshold (Eq. 3).

    Hard 0/1 forward; the gradient is that of ``sigmoid((route - threshold) / temperature)``, so router
    and threshold both learn.

    Args:
        route: (..., N) routing values, gamma in the paper (alpha without text).
        threshold: (..., 1) thresholds, sigma in the paper.
        temperature: width of the sigmoid whose gradient is used, in units of the route.

    Returns:
        (..., N) mask in the dtype of ``route``.
    """
    soft = ((route - threshold) / temperature).sigmoid()
    hard = (route > threshold).to(soft)
    return hard + (soft - soft.detach())  # the bracket is exactly zero


def sample_top_tokens(route: Tensor, share: float, temperature: float = 1.0) -> Tensor:
    """Mark each sample's ``share`` of tokens with the highest routes (Table VI b), at least one;
    gradient as in :func:`sample_tokens`.

    Args:
        route: (..., N) routing values.
        share: share of the N tokens to take, in (0, 1].
        temperature: as in :func:`sample_tokens`.

    Returns:
        (..., N) mask in the dtype of ``route``, with exactly ``max(1, round(share * N))`` ones.
    """
    count = max(1, round(share * route.shape[-1]))
    values, indices = route.topk(count, dim=-1)
    hard = torch.zeros_like(route).scatter(-1, indices, 1.0)
    soft = ((route - values[..., -1:].detach()) / temperature).sigmoid()
    return hard + (soft - soft.detach())


def text_similarity(text: Tensor, tokens: Tensor) -> Tensor:
    """Cosine of each caption subset with each patch token (Eq. 5).

    Args:
        text: (B, S, 3, D) caption features, one for each of S subsets.
        tokens: (B, 3, N, D) patch tokens.

    Returns:
        (S, B, 3, N) similarities, beta in the paper.
    """
    text, tokens = F.normalize(text, dim=-1), F.normalize(tokens, dim=-1)
    return torch.einsum('bsmd,bmnd->sbmn', text, tokens)


class Router(nn.Module):
    """``FC2(GELU(FC1(x)))`` with one output for each expert (Eq. 2); FC1 is shared by the experts."""

    def __init__(self, dim: int, num_experts: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, num_experts)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., E)."""
        return self.fc2(F.gelu(self.fc1(x)))


class TextModulator(nn.Module):
    """``gamma = FC4(GELU(FC3([alpha, beta]))) + alpha`` (Eq. 6), separate for each expert and modality.

    Args:
        num_experts: number of experts E.
        num_routers: 3 for modality-specific modulators, 1 for one shared by the modalities.
        hidden: width of the hidden layer, D / 2 in the paper.
        gain: slope of gamma in beta before training. Eq. 6 leaves the initial values open: ``None`` draws them as a
            linear layer does, so that captions first count for almost nothing, with a random sign; a positive gain
            starts from ``gamma = alpha + gain * beta + c * alpha`` with a random c for each expert and modality: tokens
            near their caption come first, and no two experts start alike.
    """

    def __init__(self, *, num_experts: int, num_routers: int, hidden: int, gain: float | None = None) -> None:
        super().__init__()
        self.weight3 = linear_parameter(num_experts, num_routers, 2, hidden, fan_in=2)
        self.bias3 = linear_parameter(num_experts, num_routers, 1, hidden, fan_in=2)
        self.weight4 = linear_parameter(num_experts, num_routers, hidden, 1, fan_in=hidden)
        self.bias4 = linear_parameter(num_experts, num_routers, 1, 1, fan_in=hidden)
        if gain is not None:
            self._start_linear(gain)

    @torch.no_grad()
    def _start_linear(self, gain: float) -> None:
        """Pair the hidden units with opposite signs, GELU(x) - GELU(-x) = x, and scale the
        slope in beta to ``gain``."""
        half = self.weight3.shape[-1] // 2
        first, last = self.weight3[..., :half], self.weight4[..., :half, :]
        last.copy_(last.abs() * first[..., 1, :, None].sign())  # every pair adds to the slope in beta
        last.mul_(gain / (first[..., 1:, :] @ last))
        self.weight3[..., half : 2 * half] = -first
        self.weight4[..., half : 2 * half, :] = -last
        for tensor in (self.bias3, self.bias4, self.weight4[..., 2 * half :, :]):
            tensor.zero_()

    def forward(self, alpha: Tensor, beta: Tensor) -> Tensor:
        """Map routes and similarities, both (E, B, 3, N), to modulated routes (E, B, 3, N)."""
        experts, batch, modalities, count = alpha.shape
        pairs = torch.stack([alpha, beta], dim=-1).transpose(1, 2).reshape(experts, modalities, batch * count, 2)
        change = F.gelu(pairs @ self.weight3 + self.bias3) @ self.weight4 + self.bias4  # (E, 3, B * N, 1)
        return change.view(experts, modalities, batch, count).transpose(1, 2) + alpha


def by_modality(routers: nn.ModuleList, x: Tensor) -> Tensor:
    """Apply each modality's router, or the one that they share, to (B, 3, N, D); returns (B, 3, N, E)."""
    if len(routers) == 1:
        return routers[0](x)
    return torch.stack([router(x[:, m]) for m, router in enumerate(routers)], dim=1)
