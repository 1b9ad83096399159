"""The report on a caption run: from each model's answers to the captions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from next_mm.captioning.attributes.observations import AttributeSet
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.template import compose_sentences
from next_mm.captioning.context import CaptionContext
from next_mm.captioning.report.figures import bars, colours_of, confidence_boxes, confidence_dots, shares
from next_mm.captioning.report.gallery import gallery_of_run
from next_mm.captioning.report.ledger import cost_section, failure_section
from next_mm.captioning.report.page import ReportSection, write_report
from next_mm.captioning.report.sections import agreement_section, text_section, token_section
from next_mm.captioning.report.statistics import Agreement, ConfidenceStatistics, TextStatistics, histogram_mean
from next_mm.captioning.stages.failures import summarize_failures, write_failures
from next_mm.captioning.stages.merge import AnsweredTriplet, iterate_triplets
from next_mm.captions.files import FILE_NAMES
from next_mm.errors import DataError

STEPS = ('merged', 'complemented')


class RunStatistics:
    """Everything counted over a run, source by source (the models, then the steps of the pipeline)."""

    def __init__(self, models: list[str], schema: Schema) -> None:
        self.schema = schema
        self.sources = [*models, *STEPS]
        self.confidence = {source: ConfidenceStatistics() for source in self.sources}
        self.words = {source: [0, 0] for source in self.sources}
        self.agreement = {step: Agreement() for step in STEPS}
        self.origin: dict[str, Counter] = {name: Counter() for name in schema.attributes}
        self.triplets = 0

    def add(self, triplet: AnsweredTriplet, with_words: bool) -> None:
        """Count one triplet; ``with_words`` composes it by template too."""
        self.triplets += 1
        for modality, said in triplet.answers.items():
            sources = {**said, 'merged': triplet.merged.get(modality), 'complemented': triplet.complete.get(modality)}
            for source, attributes in sources.items():
                if attributes:
                    self.confidence[source].add(attributes, self.schema)
                    if with_words:
                        self._count_words(source, attributes)
            for name, observation in triplet.complete.get(modality, {}).items():
                where = (
                    'unknown'
                    if observation.value is None
                    else 'complemented'
                    if observation.complemented
                    else observation.model
                )
                self.origin[name][where] += 1
        for step, sets in (('merged', triplet.merged), ('complemented', triplet.complete)):
            self.agreement[step].add(
                triplet.identity,
                {m: {n: o.value for n, o in s.items() if o.value is not None} for m, s in sets.items()},
            )

    def _count_words(self, source: str, attributes: AttributeSet) -> None:
        self.words[source][0] += len(' '.join(compose_sentences(attributes, self.schema)).split())
        self.words[source][1] += 1


def write_run_report(run: CaptionContext, out: Path, word_sample: int = 2000) -> Path:
    """Write the report of a run.

    Args:
        run: the run.
        out: folder of the page and its pictures.
        word_sample: triplets whose answers are composed by template to count words; evenly spread.

    Returns:
        The page.

    Raises:
        DataError: no picture has a usable answer yet.
    """
    statistics = RunStatistics(run.model_names, run.schema)
    step = max(1, run.store.pictures.count_triplets() // word_sample)
    for index, triplet in enumerate(iterate_triplets(run)):
        statistics.add(triplet, index % step == 0)
    if not statistics.confidence['merged'].sets:
        raise DataError(f'{run.settings.store}: {_why_nothing(run)}')
    schema = run.schema
    sections = [
        _step_section(statistics),
        _dot_section(statistics),
        _box_section(statistics),
        _origin_section(statistics),
        agreement_section(
            schema,
            statistics.agreement,
            'Complementing copies values between modalities, so "complemented" agrees where it '
            'copied; what still differs is what two modalities both claim to have seen, each with confidence.',
        ),
    ]
    texts = _captions(run)
    if texts:
        sections += [text_section(texts), token_section(texts)]
    gallery = gallery_of_run(run)
    if gallery is not None:
        sections.insert(0, gallery)
    if write_failures(run):
        sections.append(failure_section(run))
    sections.append(cost_section(run))
    return write_report(
        out,
        title=f'Caption run: {run.settings.dataset.get("type", "dataset")}',
        lead=f'{statistics.triplets:,} triplets, schema "{schema.name}" version {schema.version}, '
        f'models {", ".join(run.model_names)}.',
        tiles=_tiles(statistics, run),
        sections=sections,
    )


def _why_nothing(run: CaptionContext) -> str:
    summary = summarize_failures(run)
    if not summary.without:
        return 'no picture has an answer yet; run the stage attributes first'
    return (
        f'none of the {summary.pictures:,} pictures asked about has a usable answer ({"; ".join(summary.reasons)}); '
        'ask again with --retry-failed'
    )


def _all_names(statistics: RunStatistics) -> list[str]:
    return [n for n in statistics.schema.attributes if statistics.confidence['merged'].total[n]]


def _tiles(statistics: RunStatistics, run: CaptionContext) -> list[tuple[str, str]]:
    names = _all_names(statistics)
    best = min(
        statistics.confidence[m].unknown_rate(names) for m in statistics.sources[:-2] if statistics.confidence[m].sets
    )
    after = statistics.confidence['complemented'].unknown_rate(names)
    return [
        (f'{best:.1f} → {after:.1f} %', 'unknown values: best single model, complemented'),
        (
            f'{histogram_mean(statistics.confidence["complemented"].confidences(names)):.2f}',
            'mean confidence after complementing',
        ),
        (f'{statistics.confidence["complemented"].sets:,}', 'captions'),
        (f'${run.store.requests.spent():.2f}', 'spent'),
    ]


def _step_section(statistics: RunStatistics) -> ReportSection:
    names, colours = _all_names(statistics), colours_of(statistics.sources)
    used = {s: c for s, c in statistics.confidence.items() if c.sets}
    panels = {
        'Words by template': {s: statistics.words[s][0] / max(1, statistics.words[s][1]) for s in used},
        'Unknown values, %': {s: c.unknown_rate(names) for s, c in used.items()},
        'Identity incomplete, %': {s: 100 * c.incomplete / c.sets for s, c in used.items()},
    }
    table: list[list[object]] = [
        ['attribute', *(f'{s}, unknown %' for s in used)],
        *([n, *(c.unknown_rate([n]) for c in used.values())] for n in names),
    ]
    return ReportSection(
        'Before and after',
        'What each model says alone, what is left unknown when the surest of them is taken for each attribute, and '
        'when the other modalities fill the gaps. "Identity incomplete": pictures with an unknown among the '
        'attributes of the identity.',
        bars(panels, colours),
        'before_after',
        table,
    )


def _dot_section(statistics: RunStatistics) -> ReportSection:
    names = _all_names(statistics)
    means = {
        s: [histogram_mean(c.histogram[n]) if n in c.histogram else float('nan') for n in names]
        for s, c in statistics.confidence.items()
        if c.sets
    }
    groups = [statistics.schema.attributes[n].group for n in names]
    return ReportSection(
        'Confidence by attribute',
        'Mean over the known values. Confidence is what the models say of themselves.',
        confidence_dots(names, groups, means),
        'confidence_by_attribute',
    )


def _box_section(statistics: RunStatistics) -> ReportSection:
    names = _all_names(statistics)
    groups = dict.fromkeys(statistics.schema.attributes[n].group for n in names)
    histograms = {
        g: {
            s: c.confidences([n for n in names if statistics.schema.attributes[n].group == g])
            for s, c in statistics.confidence.items()
            if c.sets
        }
        for g in groups
    }
    return ReportSection('Confidence by group', '', confidence_boxes(histograms), 'confidence_by_group')


def _origin_section(statistics: RunStatistics) -> ReportSection:
    names = _all_names(statistics)
    labels = [*statistics.sources[:-2], 'complemented', 'unknown']
    parts = {
        label: [100 * statistics.origin[n][label] / max(1, statistics.origin[n].total()) for n in names]
        for label in labels
    }
    colours = {**colours_of(statistics.sources), 'unknown': '#e3e3e3'}
    return ReportSection(
        'Where the values come from',
        'The model whose answer was kept, or another modality.',
        shares(names, parts, colours, 'Origin of the final values'),
        'origin',
    )


def _captions(run: CaptionContext) -> dict[tuple[str, str], TextStatistics]:
    texts: dict[tuple[str, str], TextStatistics] = {}
    for split in run.settings.splits:
        for modality, name in FILE_NAMES.items():
            for _, caption in run.store.captions.texts(split, modality):
                texts.setdefault((split, name), TextStatistics()).add(caption)
    return texts
