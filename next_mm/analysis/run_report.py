"""A run as one self-contained HTML page: results, curves, pictures, configuration, environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from next_mm.analysis.curves import draw_curves
from next_mm.analysis.run_logs import (
    METRICS,
    RunLog,
    find_pictures,
    log_folders,
    read_environment,
    read_run_log,
    run_name,
)
from next_mm.apis import find_run_config
from next_mm.engine import read_config_text
from next_mm.engine.hooks.rank_list import RESULTS_FILE
from next_mm.errors import ConfigError
from next_mm.retrieval import SearchResults
from next_mm.retrieval.failures import CAUSES, failures_by_cause, figures_by_camera
from next_mm.triplet import UNKNOWN
from next_mm.visualization.page import PagePicture, Section, embed_picture, write_page

__all__ = ['write_report']


def write_report(work_dir: str | Path, out: str | Path | None = None, max_pictures: int = 24) -> Path:
    """Write the page of a run; its config is read as text and never executed.

    Args:
        work_dir: the run's work directory.
        out: the page; ``report.html`` in the work directory by default.
        max_pictures: how many pictures go into it.

    Raises:
        FileNotFoundError: ``work_dir`` is not the work directory of a run.
        ConfigError: its configuration has no model.
    """
    work_dir = Path(work_dir)
    log = read_run_log(work_dir)
    config_path = find_run_config(work_dir)
    text = config_path.read_text(encoding='utf-8')
    cfg = read_config_text(text) or {}
    model, dataset = _part(cfg, 'model'), _part(cfg, 'test_dataloader', 'dataset')
    if not model:
        raise ConfigError(f'{config_path}: no model in it; is {work_dir} the work directory of a run?')
    last = {key: value for key, value in log.last().items() if key in METRICS}
    synthetic = bool(_part(dataset, 'metainfo').get('synthetic'))
    return write_page(
        Path(out) if out else work_dir / 'report.html',
        title=run_name(work_dir),
        lead=f'{model.get("type")} on {_dataset(dataset)}; {_progress(cfg, log)}; {_when(work_dir)}. This page:',
        tag='synthetic data' if synthetic else '',
        tiles=[(f'{value:.1f}', f'{key}, %, last epoch') for key, value in last.items()],
        sections=[
            _results(log, list(last), synthetic=synthetic),
            _curves(log),
            *_search(work_dir),
            _pictures(work_dir, max_pictures),
            Section(
                'Configuration', summary=f'{config_path.name}, {len(text.splitlines())} lines', details=text or ' '
            ),
            _environment(work_dir),
        ],
    )


def _results(log: RunLog, metrics: Sequence[str], *, synthetic: bool) -> Section:
    if not metrics:
        return Section('Results', 'This run has not been evaluated.')
    best = log.best().get('step')
    rows = [
        [
            f'{result["step"]}{" (best mAP)" if result["step"] == best else ""}',
            *(f'{result[key]:.2f}' if key in result else None for key in metrics),
        ]
        for result in log.results
    ]
    bold = [number for number, result in enumerate(log.results, start=1) if result['step'] == best]
    return Section(
        'Results',
        f'Percent{", on synthetic data" if synthetic else ""}. The best epoch is chosen by looking at the test set; '
        'the '
        'last epoch is not.',
        table=[['epoch', *metrics], *rows],
        bold=bold,
    )


def _curves(log: RunLog) -> Section:
    curves = [PagePicture(curve) for curve in draw_curves(log)]
    return Section('Curves', '' if curves else 'Nothing was logged.', pictures=curves, in_rows=True)


def _search(work_dir: Path) -> Iterator[Section]:
    """Yield what the results of every query say: figures by camera, failures by cause with their pictures."""
    folder = work_dir / 'rank_lists'
    if not (folder / RESULTS_FILE).is_file():
        return
    results = SearchResults.load(folder / RESULTS_FILE)
    cameras = [
        [
            'unknown' if own.camera == UNKNOWN else own.camera,
            own.queries,
            100 * own.mean_average_precision,
            100 * own.rank_1,
        ]
        for own in figures_by_camera(results)
    ]
    yield Section('Cameras', 'By the camera of the query.', table=[['camera', 'queries', 'mAP, %', 'R-1, %'], *cameras])
    failures = failures_by_cause(results)
    count, scored = sum(map(len, failures.values())), sum(score is not None for score in results.scores)
    pictures = [
        PagePicture(embed_picture(path), f'{cause}: {results.queries[query].name}')
        for cause, queries in failures.items()
        for query in queries
        for path in sorted(folder.glob(f'failure_{CAUSES.index(cause) + 1}_[0-9][0-9]_query_{query}.png'))
    ]
    yield Section(
        'Failures',
        f'The nearest entry of {count} of {scored} queries is wrong. The first cause that holds counts; pictures show '
        'the '
        'worst of each.',
        table=[['cause', 'queries', 'share, %'], *([c, len(q), 100 * len(q) / scored] for c, q in failures.items())],
        pictures=pictures,
    )


def _pictures(work_dir: Path, most: int) -> Section:
    found = [path for path in find_pictures(work_dir) if not path.name.startswith('failure_')]
    shown = [PagePicture(embed_picture(path), str(path.relative_to(work_dir))) for path in found[:most]]
    text = '' if found else 'There are no pictures in the work directory.'
    if len(found) > most:
        text = f'{len(found) - most} more pictures are in the work directory.'
    return Section('Pictures', text, pictures=shown)


def _environment(work_dir: Path) -> Section:
    noted = read_environment(work_dir)
    if not noted:
        return Section('Environment', 'The run noted no environment (EnvironmentHook).')
    return Section('Environment', table=[(), *noted.items()], text_table=True)


def _part(cfg: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return a dictionary inside a config; empty where there is none."""
    node: Any = cfg
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _dataset(dataset: Mapping[str, Any]) -> str:
    kind = str(dataset.get('type', 'an unknown dataset'))
    return f'{kind} ({dataset["data_root"]})' if dataset.get('data_root') else kind


def _progress(cfg: Mapping[str, Any], log: RunLog) -> str:
    return f'epoch {int(log.last().get("step", 0))} of {_part(cfg, "train_cfg").get("max_epochs", 0)}'


def _when(work_dir: Path) -> str:
    starts = [datetime.strptime(folder.name, '%Y%m%d_%H%M%S') for folder in log_folders(work_dir)]
    if not starts:
        return 'never started'
    return f'started {starts[0]:%d %B %Y, %H:%M}' + (f', resumed {len(starts) - 1} times' if len(starts) > 1 else '')
