"""Slow, literal references: rankings by a loop, re-ranking by sets."""

from __future__ import annotations

import numpy as np


def ranked_gallery(distance, query_id, query_group, gallery_ids, gallery_groups):
    """Gallery indices in rank order: nearest first, ties with wrong entries first."""
    allowed = [j for j in range(len(distance)) if not (gallery_ids[j] == query_id and gallery_groups[j] == query_group)]
    return sorted(allowed, key=lambda j: (distance[j], gallery_ids[j] == query_id, j))


def loop_metrics(distance, query_ids, query_groups, gallery_ids, gallery_groups, topk=(1, 5, 10)):
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


def literal_reranking(query, gallery, k1=20, k2=6, lambda_value=0.3):
    """k-reciprocal encoding step by step: N, R, R*, V, local query expansion, Jaccard distance, final distance."""
    features = np.concatenate([query, gallery])
    total, num_queries = len(features), len(query)
    distance = np.maximum(2 - 2 * features @ features.T, 0)
    distance /= distance.max(axis=1, keepdims=True)
    ranking = np.argsort(distance - 2 * np.eye(total, dtype=distance.dtype), axis=1)

    def reciprocal(p, k):
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
    final = np.empty((num_queries, len(gallery)), dtype=distance.dtype)
    for p in range(num_queries):
        columns = encoding[p].nonzero()[0]  # elsewhere the minimum is zero
        smaller = np.minimum(encoding[p, columns], encoding[num_queries:, columns]).sum(axis=1)
        larger = encoding[p].sum() + encoding[num_queries:].sum(axis=1) - smaller
        final[p] = (1 - lambda_value) * (1 - smaller / larger) + lambda_value * distance[p, num_queries:]
    return final
