"""The results of every query as one JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from next_mm.evaluation.protocol import RetrievalTable
from next_mm.retrieval.rank_list import RankList
from next_mm.retrieval.ranking import QueryScores


def save_query_results(
    path: str | Path, table: RetrievalTable, rule: str, scores: QueryScores, nearest: RankList
) -> None:
    """Write what a query scored and what it found; the file appears only when it is complete.

    Each entry of ``queries`` has ``name``, ``identity``, ``camera``, ``scene``, ``num_matches``, ``match_ranks``,
    ``ap`` and
    ``inp`` (0..1, null without a match), and ``nearest``: name, identity, distance and whether it is correct.

    Args:
        path: the ``.json`` file; its folder is made.
        table: the test set.
        rule: the protocol's rule.
        scores: the queries' scores with their ranks.
        nearest: the queries' rank lists.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    queries = [_query_entry(table, scores, nearest, row) for row in range(len(scores.num_matches))]
    partial = path.with_name(path.name + '.partial')
    partial.write_text(json.dumps({'rule': rule, 'queries': queries}, ensure_ascii=False, indent=1), encoding='utf-8')
    partial.replace(path)


def _query_entry(table: RetrievalTable, scores: QueryScores, nearest: RankList, row: int) -> dict[str, Any]:
    ranks = scores.ranks[row].tolist() if scores.ranks is not None else None
    matched = int(scores.num_matches[row]) > 0
    found = zip(nearest.indices[row].tolist(), nearest.distances[row].tolist(), nearest.correct[row].tolist())
    return {
        **_describe(table, table.queries.start + row),
        'camera': int(table.cameras[table.queries.start + row]),
        'scene': int(table.scenes[table.queries.start + row]),
        'num_matches': int(scores.num_matches[row]),
        'match_ranks': ranks,
        'ap': float(scores.average_precision[row]) if matched else None,
        'inp': float(scores.inverse_penalty[row]) if matched else None,
        'nearest': [
            {**_describe(table, table.gallery.start + entry), 'distance': distance, 'correct': correct}
            for entry, distance, correct in found
            if entry >= 0
        ],
    }


def _describe(table: RetrievalTable, row: int) -> dict[str, Any]:
    return {'name': table.names[row], 'identity': table.identity_names[int(table.identities[row])]}
