"""From the runs of a study to its table and its chart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from next_mm.analysis.run_logs import METRICS, read_run_log, typical
from next_mm.analysis.studies.runner import UNTRAINED, read_outcome, run_directory
from next_mm.analysis.studies.study import Row
from next_mm.analysis.tables import Cell, Stat, Table


@dataclass
class RowResult:
    """What the runs of one row came to.

    Attributes:
        row: the row.
        metrics: metric -> one value a finished seed, of the last epoch, in percent.
        best: mAP of the best epoch, one value a finished seed.
        untrained: mAP before training, one value a finished seed, where the study asks for it.
        train_rate: triplets a second in training, one value a finished seed.
        test_rate: triplets a second in testing, likewise.
        minutes: wall time of a run, likewise.
        cost: trainable parameters (M) and multiply-accumulates a triplet (G) by part.
        errors: one sentence a failed seed.
        missing: seeds that have not run to their end.
        machines: where the runs ran.
        dates: when they ended.
    """

    row: Row
    metrics: dict[str, list[float]] = field(default_factory=dict)
    best: list[float] = field(default_factory=list)
    untrained: list[float] = field(default_factory=list)
    train_rate: list[float] = field(default_factory=list)
    test_rate: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    missing: int = 0
    machines: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)


def collect(rows: Sequence[Row], seeds: int, root: Path) -> list[RowResult]:
    """Read the outcomes and logs of all rows."""
    return [_collect_row(row, seeds, root) for row in rows]


def _collect_row(row: Row, seeds: int, root: Path) -> RowResult:
    result = RowResult(row)
    for seed in range(seeds):
        work_dir = run_directory(row, seed, root)
        outcome = read_outcome(work_dir)
        if outcome is None:
            result.missing += 1
        elif outcome['status'] != 'done':
            result.errors.append(f'seed {seed}: {outcome["error"]}')
        else:
            result.machines.add(str(outcome['machine']))
            result.dates.add(str(outcome['date']))
            _add_run(result, work_dir, float(str(outcome['seconds'])))
    return result


def _add_run(result: RowResult, work_dir: Path, seconds: float) -> None:
    log = read_run_log(work_dir)
    last = log.last()
    if not last:
        result.errors.append(f'{work_dir.name}: the run ended well but logged no evaluation')
        return
    for metric in METRICS:
        if metric in last:
            result.metrics.setdefault(metric, []).append(last[metric])
    result.best.append(log.best()['mAP'])
    result.minutes.append(seconds / 60)
    untrained = work_dir / UNTRAINED
    if untrained.is_file():
        result.untrained.append(json.loads(untrained.read_text(encoding='utf-8'))['metrics']['reid/mAP'])
    for rates, entries, loader in ((result.train_rate, log.train, 'train'), (result.test_rate, log.results, 'val')):
        step = typical(entries, 'time')
        size = result.row.resolved[f'{loader}_dataloader'].get('batch_size')
        if step and size:
            rates.append(size / step)


def study_table(title: str, results: Sequence[RowResult], dataset: str, *, synthetic: bool) -> Table:
    """The table of a study: our figures, the paper's beside them on real data, cost, speed, failures.

    Args:
        title: caption.
        results: one entry a row.
        dataset: name of the dataset; the paper's figures are looked up under it.
        synthetic: whether the data are rendered; then there is nothing of the paper's to stand beside.
    """
    theirs = [] if synthetic else [f'paper {key}' for key in ('mAP', 'R-1', 'params M', 'G MACs')]
    costs = list(dict.fromkeys(key for result in results for key in result.cost))
    columns = [
        'row',
        *METRICS,
        'best-epoch mAP',
        'untrained mAP',
        *theirs,
        *costs,
        'train triplets/s',
        'test triplets/s',
        'min a run',
        'runs',
    ]
    table = Table(table_title(title, dataset, synthetic=synthetic), columns, bold=('mAP', 'R-1'))
    for result in results:
        ours: list[Cell] = [_stat(result.metrics.get(metric, [])) for metric in METRICS]
        paper = result.row.paper.get(dataset, {})
        table.add(
            [
                result.row.label,
                *ours,
                _stat(result.best),
                _stat(result.untrained),
                *[paper.get(key.removeprefix('paper ')) for key in theirs],
                *[result.cost.get(key) for key in costs],
                _stat(result.train_rate),
                _stat(result.test_rate),
                _stat(result.minutes),
                _runs(result),
            ]
        )
    table.drop_empty_columns()
    table.notes = _notes(results)
    return table


def table_title(title: str, dataset: str, *, synthetic: bool) -> str:
    """Return the title of a study with its dataset; rendered data are called synthetic."""
    if not synthetic:
        return f'{title}, {dataset}'
    return f'{title}, synthetic data' if dataset == 'synthetic' else f'{title}, {dataset} (synthetic)'


def _stat(values: list[float]) -> Stat | None:
    return Stat.of(values) if values else None


def _runs(result: RowResult) -> str:
    parts = [f'{len(result.minutes)} done']
    parts += [f'{len(result.errors)} failed'] if result.errors else []
    parts += [f'{result.missing} not run'] if result.missing else []
    return ', '.join(parts)


def _notes(results: Sequence[RowResult]) -> list[str]:
    notes = []
    if any(result.metrics for result in results):
        notes.append(
            'Metrics in percent at the last epoch, mean ± sample standard deviation over seeds. '
            'The best epoch is chosen by looking at the test set and is given for comparison only.'
        )
    notes += [f'- {result.row.label}, {error}' for result in results for error in result.errors]
    return notes
