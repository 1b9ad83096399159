"""Slow, literal references that tests and benchmarks compare with: rankings by a loop, re-ranking by sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ['literal_reranking', 'loop_metrics', 'ranked_gallery', 'rerank_distances']


def ranked_gallery(
    distance: Sequence[float],
    query_id: int,
    query_group: int,
    gallery_ids: Sequence[int],
    gallery_groups: Sequence[int],
) -> list[int]:
    """Return the gallery's indices in rank order: nearest first, at equal distance wrong entries first."""
    allowed = [j for j in range(len(distance)) if not (gallery_ids[j] == query_id and gallery_groups[j] == query_group)]
    return sorted(allowed, key=lambda j: (distance[j], gallery_ids[j] == query_id, j))


def loop_metrics(
    distance: Sequence[Sequence[float]],
    query_ids: Sequence[int],
    query_groups: Sequence[int],
    gallery_ids: Sequence[int],
    gallery_groups: Sequence[int],
    topk: Sequence[int] = (1, 5, 10),
) -> dict[str, float]:
    """Compute mAP, CMC and mINP, as shares in 0..1, query by query and rank by rank."""
    aps, firsts, inps = [], [], []
    for i, row in enumerate(distance):
        order = ranked_gallery(row, query_ids[i], query_groups[i], gallery_ids, gallery_groups)
        hits, precisions, last = 0, [], 0
        for rank, j in enumerate(order, 1):
            if gallery_ids[j] == query_ids[i]:
                hits += 1
                precisions.append(hits / rank)
                last = rank
                if hits == 1:
                    firsts.append(rank)
        if hits:
            aps.append(sum(precisions) / hits)
            inps.append(hits / last)
    cmc = {f'R-{k}': sum(first <= k for first in firsts) / len(firsts) for k in topk}
    return {'mAP': sum(aps) / len(aps), **cmc, 'mINP': sum(inps) / len(inps)}


def literal_reranking(
    query: np.ndarray, gallery: np.ndarray, k1: int = 20, k2: int = 6, lambda_value: float = 0.3
) -> np.ndarray:
    """Re-rank step by step: N, R, R*, V, local query expansion, Jaccard distance, final distance (Q, G).

    Args:
        query: (Q, F) L2-normalised features.
        gallery: (G, F) L2-normalised features.
        k1: neighbours of the reciprocal sets.
        k2: neighbours of the local query expansion.
        lambda_value: share of the original distance.
    """
    features = np.concatenate([query, gallery])
    return rerank_distances(np.maximum(2 - 2 * features @ features.T, 0), len(query), k1, k2, lambda_value)


def rerank_distances(
    squared: np.ndarray, num_queries: int, k1: int = 20, k2: int = 6, lambda_value: float = 0.3
) -> np.ndarray:
    """Re-rank by the squared distances (N, N) of queries and gallery, the queries first; returns (Q, N - Q)."""
    total = len(squared)
    distance = squared / squared.max(axis=1, keepdims=True)
    ranking = np.argsort(distance - 2 * np.eye(total, dtype=distance.dtype), axis=1)

    def reciprocal(p: int, k: int) -> set[int]:
        return {q for q in ranking[p, : k + 1].tolist() if p in ranking[q, : k + 1]}

    half = round(k1 / 2)
    encoding = np.zeros_like(distance)
    for p in range(total):
        base = reciprocal(p, k1)
        expanded = set(base)
        for q in base:
            candidates = reciprocal(q, half)
            if 3 * len(base & candidates) > 2 * len(candidates):
                expanded |= candidates
        members = sorted(expanded)
        weights = np.exp(-distance[p, members])
        encoding[p, members] = weights / weights.sum()
    encoding = np.stack([encoding[ranking[p, :k2]].mean(axis=0) for p in range(total)])
    final = np.empty((num_queries, total - num_queries), dtype=distance.dtype)
    for p in range(num_queries):
        columns = encoding[p].nonzero()[0]  # elsewhere the minimum is zero
        smaller = np.minimum(encoding[p, columns], encoding[num_queries:, columns]).sum(axis=1)
        larger = encoding[p].sum() + encoding[num_queries:].sum(axis=1) - smaller
        final[p] = (1 - lambda_value) * (1 - smaller / larger) + lambda_value * distance[p, num_queries:]
    return final
