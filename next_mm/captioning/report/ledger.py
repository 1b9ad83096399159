"""Sections on what the endpoints did: failures, requests, cost."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from next_mm.captioning.failures import failures_path, iterate_failures
from next_mm.captioning.report.page import Section
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Store

LISTED_FAILURES = 50


def failure_section(store: Store, settings: CaptionSettings, schema: Schema) -> Section:
    """What has no usable answer and why: the first ones, the rest counted."""
    counts = Counter((f.model, f.status) for f in iterate_failures(store, settings, schema))
    first = islice(iterate_failures(store, settings, schema), LISTED_FAILURES)
    told = ', '.join(
        f'{count:,} {status}{f" ({model})" if model else ""}' for (model, status), count in sorted(counts.items())
    )
    shown = f'The first {LISTED_FAILURES} are shown; all' if counts.total() > LISTED_FAILURES else 'They'
    return Section(
        'Failures',
        f'Pictures without a usable answer: {told}. {shown} stand in {failures_path(store.path).name}, beside the store.',
        table=[['picture', 'model', 'status', 'reason'], *([f.path, f.model, f.status, f.reason] for f in first)],
    )


def cost_section(store: Store) -> Section:
    """Requests, tokens and US dollars by model and outcome."""
    rows = store.db.execute(
        'SELECT model, outcome, COUNT(*), SUM(tokens_in), SUM(tokens_out), SUM(cost) FROM requests GROUP BY model, outcome ORDER BY 1, 2'
    )
    return Section(
        'Requests and cost',
        'Every HTTP request of all runs on this store.',
        table=[['model', 'outcome', 'requests', 'tokens in', 'tokens out', 'US dollars'], *map(list, rows)],
    )
