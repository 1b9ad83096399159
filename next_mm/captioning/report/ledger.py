"""Sections on what the endpoints did: failures, requests, cost."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from next_mm.captioning.context import CaptionContext
from next_mm.captioning.report.page import ReportSection
from next_mm.captioning.stages.failures import failures_path, iterate_failures

LISTED_FAILURES = 50


def failure_section(run: CaptionContext, listed: int = LISTED_FAILURES) -> ReportSection:
    """What has no usable answer and why: the first ones, the rest counted."""
    counts = Counter((f.model, f.status) for f in iterate_failures(run))
    first = islice(iterate_failures(run), listed)
    told = ', '.join(
        f'{count:,} {status}{f" ({model})" if model else ""}' for (model, status), count in sorted(counts.items())
    )
    shown = f'The first {listed} are shown; all' if counts.total() > listed else 'They'
    return ReportSection(
        'Failures',
        f'Pictures without a usable answer: {told}. {shown} stand in {failures_path(run.store.path).name}, beside the '
        'store.',
        text_table=True,
        table=[['picture', 'model', 'status', 'reason'], *([f.path, f.model, f.status, f.reason] for f in first)],
    )


def cost_section(run: CaptionContext) -> ReportSection:
    """Requests, tokens and US dollars by model and outcome."""
    return ReportSection(
        'Requests and cost',
        'Every HTTP request of all runs on this store.',
        table=[
            ['model', 'outcome', 'requests', 'tokens in', 'tokens out', 'US dollars'],
            *map(list, run.store.requests.totals()),
        ],
    )
