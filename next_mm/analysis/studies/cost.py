"""What the rows of a study cost: trainable parameters and multiply-accumulates, those of the
text shown apart (Table VIII)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from next_mm.analysis.cost import PartCost, count_costs
from next_mm.analysis.studies.study import Row
from next_mm.apis import build_model, drop_weights
from next_mm.models.reid_model import TEXT_ENCODER

TEXT_COST = 'text G MACs'


def row_costs(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Cost of each row by its digest; models are built with random weights, so nothing has to be downloaded.

    Args:
        rows: rows of a study.
    """
    return {row.digest: _row_cost(row) for row in {row.digest: row for row in rows}.values()}


def _row_cost(row: Row) -> dict[str, float]:
    cfg = deepcopy(row.resolved)  # the row is trained from what it says
    drop_weights(cfg)
    parts = count_costs(build_model(cfg))
    total = sum(parts.values(), PartCost())
    return {
        'params M': total.trainable / 1e6,
        'G MACs': total.macs / 1e9,
        TEXT_COST: parts.get(TEXT_ENCODER, PartCost()).macs / 1e9,
    }
