"""A caption run from config to files: the stages in turn, each of which can be started again at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from next_mm.captioning.attributes.schema import Schema, load_schema
from next_mm.captioning.console import RunProgress, count_bar, print_table, say
from next_mm.captioning.context import CaptionContext, Services
from next_mm.captioning.llm.jobs import Counts
from next_mm.captioning.llm.limits import Budget, run_until_interrupted
from next_mm.captioning.settings import CaptionSettings, check_ready
from next_mm.captioning.stages.attributes import AttributeQuestions, ask_models
from next_mm.captioning.stages.compose import ask_composer, write_texts
from next_mm.captioning.stages.estimate import estimate_run
from next_mm.captioning.stages.export import export_captions
from next_mm.captioning.stages.failures import failures_path, summarize_failures, write_failures
from next_mm.captioning.stages.merge import merge_answers
from next_mm.captioning.stages.scan import hash_pictures, list_dataset
from next_mm.captioning.store import Selection, lock_store

__all__ = ['STAGES', 'CaptionRun', 'Outcome']

_SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        stopped: why it ended early; ``None`` where it did not.
        unusable: pictures that this run could not read.
        failures: questions that have no usable answer, and pictures that cannot be read.
    """

    stopped: str | None = None
    unusable: int = 0
    failures: int = 0

    @property
    def complete(self) -> bool:
        """Whether every picture that was to be asked about has its answers."""
        return not (self.stopped or self.unusable or self.failures)


@dataclass
class CaptionRun:
    """A run over one store.

    Attributes:
        settings: the validated config.
        selection: which questions this run takes on.
        budget: US dollars for the store as a whole; ``None`` for no limit.
        absorb: other stores whose answers come in first.
        services: lister, token counter, endpoints.
        console: where to say what happens.
    """

    settings: CaptionSettings
    selection: Selection = field(default_factory=Selection)
    budget: float | None = None
    absorb: Sequence[Path] = ()
    services: Services = field(default_factory=Services)
    console: Console = field(default_factory=Console)

    def __post_init__(self) -> None:
        self.schema: Schema = load_schema(self.settings.schema_file)
        index, count = self.selection.shard
        path = self.settings.store
        self.store_path = path if count == 1 else path.with_name(f'{path.stem}.{index}-of-{count}{path.suffix}')
        self._problems: list[str] = []

    def run(self, stages: Sequence[str]) -> Outcome:
        """Run ``stages`` in turn, and say at the end how many pictures have no answer, and why.

        Raises:
            UserError: a stage lacks what it needs, or another run is on the store; the text names it.
        """
        check_ready(self.settings, stages)
        with self._open() as run:
            if 'attributes' in stages or not run.store.pictures.splits() >= set(self.settings.splits):
                self._scan(run)
            for stage in stages:
                if not STAGES[stage](self, run):
                    break
            return self._conclude(run)

    def dry_run(self) -> None:
        """Say what the run would ask for and cost, and send nothing."""
        check_ready(self.settings, ())
        with self._open() as run:
            self._scan(run)
            lines = estimate_run(run)
            print_table(
                self.console,
                'To be asked',
                ('model', 'for', 'requests', 'tokens in', 'tokens out', 'US dollars'),
                [(e.model, e.what, e.requests, e.tokens_in, e.tokens_out, round(e.cost, 2)) for e in lines],
            )
            self._say(
                f'{sum(e.requests for e in lines):,} requests, about ${sum(e.cost for e in lines):.2f}; '
                f'spent so far ${run.store.requests.spent():.2f}. Nothing was sent.'
            )

    @contextmanager
    def _open(self) -> Iterator[CaptionContext]:
        with lock_store(self.store_path, self.absorb, self._say) as store:
            yield CaptionContext(
                settings=self.settings,
                schema=self.schema,
                store=store,
                selection=self.selection,
                budget=Budget(self.budget, store.requests.spent()),
                services=self.services,
                console=self.console,
            )

    def _say(self, text: str) -> None:
        say(self.console, text)

    def _scan(self, run: CaptionContext) -> None:
        count, problems = list_dataset(run)
        with count_bar('reading pictures', count, self.console) as progress:
            self._take_problems([*problems, *hash_pictures(run, progress)])

    def _take_problems(self, problems: Sequence[str]) -> None:
        self._problems += problems
        if problems:
            say(self.console, f'{len(problems)} pictures cannot be used:', 'red')
            self._say('\n'.join(f'  {line}' for line in problems[:_SHOWN_PROBLEMS]))

    def attributes(self, run: CaptionContext) -> bool:
        """Ask the models; returns whether there is something to go on with."""
        totals = {m.name: sum(AttributeQuestions(run, m).count().values()) for m in self.settings.models}

        async def ask() -> None:
            with RunProgress(totals, run.budget, self.console) as progress:
                counts, problems = await ask_models(run, progress.advance)
            self._show_counts(counts)
            run.store.pictures.write_problems(problems)
            self._take_problems(list(problems.values()))

        run_until_interrupted(ask, run.stop)
        asked, without = run.store.answers.count_pictures(self.settings.splits, run.model_names, run.attribute_versions)
        return not run.stop and (asked == 0 or without < asked)

    def merge(self, run: CaptionContext) -> bool:
        """Merge and complement."""
        counts = merge_answers(run)
        self._say(
            f'{counts.sets:,} attribute sets, {counts.complemented:,} values taken from another modality; '
            f'{counts.unanswered:,} triplets have no answer yet'
        )
        return True

    def compose(self, run: CaptionContext) -> bool:
        """Word the captions and write them to files; returns whether that is done."""
        composer = self.settings.composer
        if composer is not None:
            name, total = composer.name, run.store.captions.count()

            async def ask() -> None:
                with RunProgress({name: total}, run.budget, self.console) as progress:
                    counts = await ask_composer(run, composer, lambda: progress.advance(name))
                self._show_counts({name: counts})

            run_until_interrupted(ask, run.stop)
            if run.stop:
                return False
        sources = write_texts(run)
        self._say(', '.join(f'{count:,} captions by {source}' for source, count in sources.items()))
        for path, count in export_captions(run):
            self._say(f'{path}: {count:,} entries')
        return True

    def report(self, run: CaptionContext) -> bool:
        """Write the report."""
        from next_mm.captioning.report import write_run_report  # matplotlib: late

        self._say(f'report: {write_run_report(run, self.settings.store.parent / "report")}')
        return True

    def _conclude(self, run: CaptionContext) -> Outcome:
        """The last lines: what has no answer, where it is listed, why; and why the run stopped, if it did."""
        failures = write_failures(run)
        if failures:
            summary = summarize_failures(run)
            self._say(f'{failures:,} without a usable answer, listed in {failures_path(run.store.path)}')
            for reason in summary.reasons:
                self._say(f'  {reason}')
            if summary.without:
                again = (
                    ''
                    if run.stop
                    else '; the same command, with --retry-failed for those that were refused, asks again'
                )
                self._say(
                    f'{summary.without:,} of {summary.pictures:,} pictures have no usable answer of any model{again}.'
                )
        if run.stop:
            text = f'Stopped: {run.stop.reason}. Nothing is lost: the same command goes on from here.'
            say(self.console, text, 'yellow')
        return Outcome(run.stop.reason, len(self._problems), failures)

    def _show_counts(self, by_model: Mapping[str, Counts]) -> None:
        rows: list[tuple[str, str, str, int]] = []
        for name, counts in by_model.items():
            for kind, counter in (('request', counts.requests), ('answer', counts.answers), ('repair', counts.notes)):
                rows += [(name, kind, what, count) for what, count in sorted(counter.items())]
        if rows:
            print_table(self.console, 'This run', ('model', '', 'what', 'count'), rows)
        for name, counts in by_model.items():
            self._say(f'{name}: ${counts.cost:.4f}')


STAGES: Mapping[str, Callable[[CaptionRun, CaptionContext], bool]] = {
    'attributes': CaptionRun.attributes,
    'merge': CaptionRun.merge,
    'compose': CaptionRun.compose,
    'report': CaptionRun.report,
}
"""The stages in their order; each returns whether the next may follow."""
