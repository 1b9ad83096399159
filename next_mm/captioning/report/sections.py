"""Sections that both reports have."""

from __future__ import annotations

from collections.abc import Mapping

from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.report.figures import MODALITY_COLORS, STEP_COLORS, agreement_bars, bars, token_histogram
from next_mm.captioning.report.page import Section
from next_mm.captioning.report.statistics import Agreement, TextStatistics


def text_section(texts: Mapping[tuple[str, str], TextStatistics]) -> Section:
    """Words and unknown words by split and modality (Fig. 2)."""
    rows = {f'{split} {modality}': statistics.row() for (split, modality), statistics in texts.items()}
    colors = {f'{split} {modality}': MODALITY_COLORS[modality] for split, modality in texts}
    heads = list(next(iter(rows.values())))
    panels = {
        'Words in a caption': {n: r['words'] for n, r in rows.items()},
        'Captions with an unknown word, %': {n: r['with an unknown word, %'] for n, r in rows.items()},
    }
    return Section(
        'Captions',
        'Length, and how many captions admit not to know something ("none", "unknown", "unclear" and their like).',
        bars(panels, colors),
        'captions',
        [['file', *heads], *([name, *row.values()] for name, row in rows.items())],
    )


def token_section(texts: Mapping[tuple[str, str], TextStatistics]) -> Section:
    """Lengths in CLIP tokens."""
    tokens: dict[str, list[int]] = {}
    for (_, modality), statistics in texts.items():
        tokens.setdefault(modality, []).extend(statistics.tokens)
    over = sum(t > 77 for values in tokens.values() for t in values) / sum(map(len, tokens.values()))
    text = f'{100 * over:.1f} % of the captions are longer than what CLIP reads; the sentences past the line are lost to the model.'
    return Section('Length in CLIP tokens', text, token_histogram(tokens), 'tokens')


def agreement_section(schema: Schema, agreements: Mapping[str, Agreement], text: str) -> Section:
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
            names, series, 'Same attribute, same value?', {'across modalities': '#4c86a8', 'within identity': '#d1602c'}
        )
    else:
        series = {label: [x.row(n)['across modalities, %'] for n in shared] for label, x in agreements.items()}
        figure = agreement_bars(shared, series, 'All modalities of a triplet say the same', STEP_COLORS)
    heads = list(first.row(names[0])) if len(agreements) == 1 else ['across modalities, %', 'within identity, %']
    table: list[list] = [
        ['attribute', *(f'{h} ({label})' if len(agreements) > 1 else h for label in agreements for h in heads)]
    ]
    table += [[n, *(x.row(n)[h] for x in agreements.values() for h in heads)] for n in names]
    return Section('Agreement', text, figure, 'agreement', table)
