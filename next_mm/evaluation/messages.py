"""What an evaluation says about itself: what was compared and how, and what makes its figures doubtful."""

from __future__ import annotations

from next_mm.evaluation.protocol import RetrievalTable
from next_mm.evaluation.search import RankedTable
from next_mm.retrieval.comparison import lacks_parts

__all__ = ['describe', 'warn_of_captions']


def describe(ranked: RankedTable, *, shares_parts: bool) -> str:
    """Return one sentence on what was ranked.

    Args:
        ranked: the ranked test set.
        shares_parts: whether shared parts are compared where parts are absent.
    """
    table, num_matches = ranked.table, ranked.scores.num_matches
    message = (
        f'Evaluation: {len(num_matches)} queries, {table.gallery.stop - table.gallery.start} gallery entries, '
        f'left out: {ranked.exclude.value}'
    )
    num_unmatched = int((num_matches == 0).sum())
    if num_unmatched:
        message += f'; {num_unmatched} queries have no match and are left out of the averages'
    if table.num_junk:
        message += f'; {table.num_junk} junk samples (identity -1) are not ranked'
    return message + _describe_gaps(table, shares_parts=shares_parts)


def _describe_gaps(table: RetrievalTable, *, shares_parts: bool) -> str:
    incomplete = int((~table.present.all(dim=1)).sum())
    if not incomplete:
        return ''
    message = f'. {incomplete} of {len(table)} triplets lack a modality: '
    if table.modalities is None or not lacks_parts(table.present, table.modalities):
        return message + 'whole features are compared, for no part of the feature belongs to an absent modality alone'
    if shares_parts:
        return (
            message
            + "a query and an entry are compared over the parts of the feature that both have (over='shared parts')"
        )
    return message + "whole features are compared, absent parts too (over='whole features')"


def warn_of_captions(table: RetrievalTable) -> str | None:
    """Return a warning where captions decide the ranking because one side lacks them; None where they do not."""
    queries, gallery = (
        [any(text) for sample in table.samples[rows] if (text := sample.get('feature_text')) is not None]
        for rows in (table.queries, table.gallery)
    )
    bare, told = queries.count(False), queries.count(True)
    bare_gallery, told_gallery = gallery.count(False), gallery.count(True)
    if not ((bare and told_gallery) or (told and bare_gallery)):
        return None
    return (
        f'{bare} of {len(queries)} queries and {bare_gallery} of {len(gallery)} gallery entries have no caption: a '
        'feature made with a caption and one made without differ by that alone, which decides rankings. To compare '
        'like '
        "with like, test all without captions: tools/test.py --without-captions, or dict(type='DropCaptions') before "
        'PackTriplet in the test pipeline.'
    )
