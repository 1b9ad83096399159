"""A caption run from config to files: the stages in turn, each of which can be started again at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from next_mm.captioning.attributes_stage import Questions, Selection, ask_models
from next_mm.captioning.compose_stage import ask_composer, write_texts
from next_mm.captioning.console import RunProgress, count_bar, print_table
from next_mm.captioning.estimate import estimate_run
from next_mm.captioning.failures import failures_path, write_failures
from next_mm.captioning.files import export_captions
from next_mm.captioning.jobs import Tally
from next_mm.captioning.limits import Budget, Stop, run_until_interrupted
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.merge_stage import merge_answers
from next_mm.captioning.opening import open_alone
from next_mm.captioning.pictures import enter_pictures, hash_pictures, note_problems
from next_mm.captioning.schema import Schema, load_schema
from next_mm.captioning.settings import CaptionSettings, check_ready
from next_mm.captioning.store import Store

STAGES = ('attributes', 'merge', 'compose', 'report')


@dataclass
class CaptionRun:
    """A run over one store.

    Attributes:
        settings: the validated config.
        selection: which questions this run takes on.
        budget: US dollars for the store as a whole; ``None`` for no limit.
        absorb: other stores whose answers come in first.
        problems: one line for each picture that this run could not use.
    """

    settings: CaptionSettings
    selection: Selection = field(default_factory=Selection)
    budget: float | None = None
    absorb: Sequence[Path] = ()
    console: Console = field(default_factory=Console)
    problems: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.schema: Schema = load_schema(self.settings.schema_file)
        index, count = self.selection.shard
        path = self.settings.store
        self.store_path = path if count == 1 else path.with_name(f'{path.stem}.{index}-of-{count}{path.suffix}')

    def run(self, stages: Sequence[str]) -> str | None:
        """Run ``stages`` in turn.

        Returns:
            ``None``, or why the run stopped before its end.

        Raises:
            ValueError: a stage lacks what it needs, or another run is on the store; the text names it.
        """
        check_ready(self.settings, stages)
        with open_alone(self.store_path, self.absorb, self.console) as store:
            if 'attributes' in stages or not self._listed(store):
                self._scan(store)
            for stage in stages:
                reason = getattr(self, f'_{stage}')(store)
                if reason:
                    self.console.print(
                        f'[yellow]Stopped:[/] {reason}. Nothing is lost: the same command goes on from here.',
                        highlight=False,
                    )
                    return reason
        return None

    def dry_run(self) -> None:
        """Say what the run would ask for and cost, and send nothing."""
        with open_alone(self.store_path, self.absorb, self.console) as store:
            self._scan(store)
            lines = estimate_run(store, self.settings, self.schema, self.selection)
            print_table(
                self.console,
                'To be asked',
                ('model', 'for', 'requests', 'tokens in', 'tokens out', 'US dollars'),
                [(e.model, e.what, e.requests, e.tokens_in, e.tokens_out, round(e.cost, 2)) for e in lines],
            )
            self.console.print(
                f'{sum(e.requests for e in lines):,} requests, about ${sum(e.cost for e in lines):.2f}; '
                f'spent so far ${store.spent():.2f}. Nothing was sent.',
                highlight=False,
            )

    def _listed(self, store: Store) -> bool:
        found = {split for (split,) in store.db.execute('SELECT DISTINCT split FROM pictures')}
        return found >= set(self.settings.splits)

    def _scan(self, store: Store) -> None:
        settings = self.settings
        count = enter_pictures(
            store, list_pictures(settings.dataset, settings.splits, settings.custom_imports), settings.splits
        )
        if not count:
            raise ValueError(f'the dataset {settings.dataset} lists no pictures for {settings.splits}')
        with count_bar('reading pictures', count, self.console) as progress:
            self._take_problems(hash_pictures(store, settings.splits, progress))

    def _take_problems(self, problems: Sequence[str]) -> None:
        self.problems += problems
        if problems:
            self.console.print(f'[red]{len(problems)} pictures cannot be used:[/]')
            self.console.print('\n'.join(f'  {line}' for line in problems[:10]), markup=False, highlight=False)

    def _attributes(self, store: Store) -> str | None:
        totals = {
            m.name: sum(Questions(store, self.settings, m, self.schema, self.selection).count().values())
            for m in self.settings.models
        }
        budget, stop = Budget(self.budget, store.spent()), Stop()

        async def ask() -> None:
            with RunProgress(totals, budget, self.console) as progress:
                tallies, problems = await ask_models(
                    store, self.settings, self.schema, self.selection, budget, stop, progress.advance
                )
            self._show_tallies(tallies)
            note_problems(store, problems)
            self._take_problems(list(problems.values()))

        run_until_interrupted(ask, stop)
        failures = write_failures(store, self.settings, self.schema)
        if failures:
            self.console.print(
                f'{failures:,} without a usable answer, listed in {failures_path(store.path)}',
                highlight=False,
                soft_wrap=True,
            )
        return stop.reason

    def _merge(self, store: Store) -> str | None:
        counts = merge_answers(store, self.settings, self.schema)
        self.console.print(
            f'{counts.sets:,} attribute sets, {counts.complemented:,} values taken from another modality; '
            f'{counts.unanswered:,} triplets have no answer yet',
            highlight=False,
        )
        return None

    def _compose(self, store: Store) -> str | None:
        stop = Stop()
        composer = self.settings.composer
        if composer is not None:
            budget = Budget(self.budget, store.spent())
            total = store.db.execute('SELECT COUNT(*) FROM captions').fetchone()[0]

            async def ask() -> None:
                with RunProgress({composer.name: total}, budget, self.console) as progress:
                    tally = await ask_composer(
                        store,
                        self.settings,
                        self.schema,
                        budget,
                        stop,
                        self.selection.retry_failed,
                        lambda: progress.advance(composer.name),
                    )
                self._show_tallies({composer.name: tally})

            run_until_interrupted(ask, stop)
            if stop:
                return stop.reason
        sources = write_texts(store, self.settings, self.schema)
        self.console.print(
            ', '.join(f'{count:,} captions by {source}' for source, count in sources.items()), highlight=False
        )
        for path, count in export_captions(store, self.settings):
            self.console.print(f'{path}: {count:,} entries', highlight=False)
        return None

    def _report(self, store: Store) -> str | None:
        from next_mm.captioning.report import write_run_report  # matplotlib: late

        page = write_run_report(store, self.settings, self.schema, self.settings.store.parent / 'report')
        self.console.print(f'report: {page}', highlight=False)
        return None

    def _show_tallies(self, tallies: dict[str, Tally]) -> None:
        rows = []
        for name, tally in tallies.items():
            for kind, counts in (('request', tally.requests), ('answer', tally.answers), ('repair', tally.notes)):
                rows += [(name, kind, what, count) for what, count in sorted(counts.items())]
        if rows:
            print_table(self.console, 'This run', ('model', '', 'what', 'count'), rows)
        for name, tally in tallies.items():
            self.console.print(f'{name}: ${tally.cost:.4f}', highlight=False)
