"""What an evaluation would refuse, found before any feature is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from next_mm.errors import DataError
from next_mm.evaluation.protocol import FIELDS, build_table, check_rule, explain_no_match
from next_mm.retrieval.ranking import SameIdentity


def check_protocol(records: Sequence[Mapping[str, Any]], rule: str) -> None:
    """Check that a test set can be evaluated under a rule.

    Args:
        records: the samples as the dataset lists them; where they lack a field of
            :data:`~next_mm.evaluation.protocol.FIELDS`, which a pipeline may add, nothing is checked.
        rule: one of :data:`~next_mm.evaluation.protocol.RULES`.

    Raises:
        ConfigError: the rule is unknown.
        DataError: there are no queries or no gallery entries, cameras or scenes that the rule needs are unknown, or no
            query has a match.
    """
    if any(key not in record for record in records[:1] for key in FIELDS):
        return
    table = build_table(records, torch.zeros(len(records), 1))
    check_rule(table, rule)
    _, present, excluded = SameIdentity(table.labels(rule, table.gallery))(table.labels(rule, table.queries))
    if not (present & ~excluded).any():
        raise DataError(explain_no_match(table, rule))
