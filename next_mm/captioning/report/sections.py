"""Sections that both reports have."""

from __future__ import annotations

from collections.abc import Mapping

from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.report.figures import STEP_COLOURS, agreement_bars, bars, token_histogram
from next_mm.captioning.report.page import ReportSection
from next_mm.captioning.report.statistics import Agreement, TextStatistics
from next_mm.captions.tokenizer import CONTEXT_LENGTH
from next_mm.visualization.style import COLOURS, MODALITY_COLOURS


def text_section(texts: Mapping[tuple[str, str], TextStatistics]) -> ReportSection:
    """Words and unknown words by split and modality (Fig. 2)."""
    rows = {f'{split} {modality}': statistics.row() for (split, modality), statistics in texts.items()}
    colours = {f'{split} {modality}': MODALITY_COLOURS[modality] for split, modality in texts}
    heads = list(next(iter(rows.values())))
    panels = {
        'Words in a caption': {n: r['words'] for n, r in rows.items()},
        'Captions with an unknown word, %': {n: r['with an unknown word, %'] for n, r in rows.items()},
    }
    return ReportSection(
        'Captions',
        'Length, and how many captions admit not to know something ("none", "unknown", "unclear" and their like).',
        bars(panels, colours),
        'captions',
        [['file', *heads], *([name, *row.values()] for name, row in rows.items())],
    )


def token_section(texts: Mapping[tuple[str, str], TextStatistics]) -> ReportSection:
    """Lengths in CLIP tokens."""
    tokens: dict[str, list[int]] = {}
    for (_, modality), statistics in texts.items():
        tokens.setdefault(modality, []).extend(statistics.tokens)
    over = sum(t > CONTEXT_LENGTH for values in tokens.values() for t in values) / sum(map(len, tokens.values()))
    text = (
        f'{100 * over:.1f} % of the captions are longer than what CLIP reads; '
        'the sentences past the line are lost to the model.'
    )
    return ReportSection('Length in CLIP tokens', text, token_histogram(tokens), 'tokens')


def agreement_section(schema: Schema, agreements: Mapping[str, Agreement], text: str) -> ReportSection:
    """Agreement across modalities and within identities, for one source or several."""
    names = [n for n, a in schema.attributes.items() if any(x.row(n)['told'] for x in agreements.values())]
    shared = [
        n
        for n in names
        if any(x.row(n)['across modalities, %'] == x.row(n)['across modalities, %'] for x in agreements.values())
    ]
    first = next(iter(agreements.values()))
    if len(agreements) == 1:
        series = {
            'across modalities': [first.row(n)['across modalities, %'] for n in names],
            'within identity': [
                float('nan') if schema.attributes[n].environment else first.row(n)['within identity, %'] for n in names
            ],
            'by chance': [first.row(n)['any two, %'] for n in names],
        }
        figure = agreement_bars(
            names,
            series,
            'Same attribute, same value?',
            {'across modalities': COLOURS[0], 'within identity': COLOURS[1]},
        )
    else:
        series = {label: [x.row(n)['across modalities, %'] for n in shared] for label, x in agreements.items()}
        figure = agreement_bars(shared, series, 'All modalities of a triplet say the same', STEP_COLOURS)
    heads = list(first.row(names[0])) if len(agreements) == 1 else ['across modalities, %', 'within identity, %']
    table: list[list] = [
        ['attribute', *(f'{h} ({label})' if len(agreements) > 1 else h for label in agreements for h in heads)]
    ]
    table += [[n, *(x.row(n)[h] for x in agreements.values() for h in heads)] for n in names]
    return ReportSection('Agreement', text, figure, 'agreement', table)
