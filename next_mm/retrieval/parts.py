"""Compare features over the parts that both have: the cosine over the modalities that query and gallery entry share.

A feature consists of parts, each of one modality or of several. Where a modality is absent, its parts are zero, and
comparing them with the parts of a complete entry ranks entries by what is absent. Here an entry and a query are
compared over the parts of the modalities that both have, and over the parts of several modalities.

With zeros in the absent parts the plain product already runs over the shared parts; only the two lengths depend on
the other side. So a gallery costs one product, whatever is absent.
"""

from __future__ import annotations

import torch
from torch import Tensor

from next_mm.triplet import NUM_MODALITIES

__all__ = ['mask_absent', 'pattern_index', 'shared_cosine', 'shared_lengths', 'shared_sums', 'squared_part_lengths']

NUM_PATTERNS = 2**NUM_MODALITIES


def mask_absent(features: Tensor, present: Tensor, modalities: Tensor) -> Tensor:
    """Zero the parts of absent modalities.

    Args:
        features: (N, F).
        present: (N, 3) bool, which modalities exist.
        modalities: (F,) modality of each dimension, -1 for several.

    Returns:
        (N, F).
    """
    several = torch.ones_like(present[:, :1])
    return features * torch.cat([present, several], dim=1)[:, modalities]


def squared_part_lengths(features: Tensor, modalities: Tensor) -> Tensor:
    """Return the squared length of each feature's parts, (N, 4): one column a modality, the last for several.

    Args:
        features: (N, F).
        modalities: (F,) modality of each dimension, -1 for several.
    """
    owners = modalities.remainder(NUM_MODALITIES + 1)  # -1 becomes the last column
    sums = features.new_zeros(len(features), NUM_MODALITIES + 1)
    return sums.index_add_(1, owners, features.square())


def pattern_index(present: Tensor) -> Tensor:
    """Return (N,) the number of each pattern of present modalities, 0 to 7, of (N, 3) bool."""
    weights = 2 ** torch.arange(NUM_MODALITIES, device=present.device)
    return (present * weights).sum(dim=1)


def shared_lengths(squares: Tensor) -> Tensor:
    """Return the length of each feature over the parts that it shares with each pattern of present modalities.

    Args:
        squares: (N, 4) squared part lengths, see :func:`squared_part_lengths`.

    Returns:
        (N, 8), a column a pattern, see :func:`pattern_index`.
    """
    return shared_sums(squares).sqrt()


def shared_sums(sums: Tensor) -> Tensor:
    """Add up a quantity of the parts over those that each pattern of present modalities has.

    Args:
        sums: (N, 4), a column a modality, the last for several.

    Returns:
        (N, 8), a column a pattern, see :func:`pattern_index`.
    """
    patterns = torch.arange(NUM_PATTERNS, device=sums.device)
    shared = (patterns >> torch.arange(NUM_MODALITIES, device=sums.device)[:, None]) & 1  # (3, 8)
    return sums @ torch.cat([shared, torch.ones_like(shared[:1])]).to(sums)


def shared_cosine(
    query: Tensor, query_present: Tensor, gallery: Tensor, gallery_present: Tensor, modalities: Tensor
) -> Tensor:
    """Cosine similarity over the parts that query and gallery entry share.

    Args:
        query: (Q, F) features, zero in absent parts.
        query_present: (Q, 3) bool.
        gallery: (G, F) features, zero in absent parts.
        gallery_present: (G, 3) bool.
        modalities: (F,) modality of each dimension, -1 for several.

    Returns:
        (Q, G) cosines; minus infinity where the two share nothing.
    """
    query_lengths = shared_lengths(squared_part_lengths(query, modalities))[:, pattern_index(gallery_present)]
    gallery_lengths = shared_lengths(squared_part_lengths(gallery, modalities))[:, pattern_index(query_present)]
    lengths = query_lengths * gallery_lengths.T
    return torch.where(lengths > 0, (query @ gallery.T) / lengths, -torch.inf)
