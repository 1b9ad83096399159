"""The table at the end: best and last epoch, with what choosing the best one means."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from next_mm.registry import HOOKS
from next_mm.utils.files import write_atomically
from next_mm.utils.tables import draw_table

__all__ = ['METRICS_FILE', 'ReportHook', 'best_epoch', 'metric_table']

METRICS_FILE = 'metrics.json'
"""Written to the work directory after every validation: a list of ``{'epoch': 3, 'reid/mAP': 41.2, ...}``."""

_BEST_NOTE = 'The best epoch was chosen by looking at the test set; the last epoch was not. Compare like with like.'


def best_epoch(history: list[dict[str, Any]], monitor: str) -> dict[str, Any]:
    """Return the entry with the greatest ``monitor``, the first of equals.

    Raises:
        KeyError: an entry has no such metric.
    """
    for entry in history:
        if monitor not in entry:
            raise KeyError(f'ReportHook: no metric {monitor!r} to choose the best epoch by, only {", ".join(entry)}')
    return max(history, key=lambda entry: entry[monitor])


def metric_table(title: str, rows: dict[str, dict[str, Any]], note: str = '') -> str:
    """Draw metrics as a table.

    Args:
        title: what was tested.
        rows: name of the row to its metrics in percent; ``epoch`` is no column of its own.
        note: lines below the table.
    """
    columns = list(dict.fromkeys(key for metrics in rows.values() for key in metrics if key != 'epoch'))
    cells = [
        [name, *(f'{metrics[column]:.1f}' if column in metrics else '' for column in columns)]
        for name, metrics in rows.items()
    ]
    return draw_table(['', *(column.removeprefix('reid/') for column in columns)], cells, title=title) + note


@HOOKS.register_module()
class ReportHook(Hook):
    """Keep the metrics of every validated epoch and print best and last at the end.

    A run killed between the checkpoint of an epoch and its validation would lose that validation when resumed (mmengine
    goes on with the next epoch); this hook makes up for it first.

    Args:
        monitor: the metric that the best epoch has most of.
    """

    priority = 'LOWEST'  # after CheckpointHook, so that what is noted here was saved

    def __init__(self, *, monitor: str = 'reid/mAP') -> None:
        self.monitor = monitor
        self.history: list[dict[str, Any]] = []
        self.start = time.monotonic()

    def before_train(self, runner: Runner) -> None:
        """Read back what the resumed run had noted; validate its last epoch where that is missing."""
        self.start = time.monotonic()
        path = Path(runner.work_dir) / METRICS_FILE
        noted = _read(path, runner, self.monitor) if runner.epoch and path.is_file() else []
        self.history = [entry for entry in noted if entry['epoch'] <= runner.epoch]
        if (
            runner.val_loop is not None
            and _is_due(runner)
            and not any(e['epoch'] == runner.epoch for e in self.history)
        ):
            runner.logger.info(f'Epoch {runner.epoch} was not validated before the run ended: validating it now')
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Note the metrics."""
        if metrics:
            self.history.append({'epoch': runner.epoch, **{key: float(value) for key, value in metrics.items()}})
            if is_main_process():
                write_atomically(Path(runner.work_dir) / METRICS_FILE, [json.dumps(self.history, indent=1)])

    def after_train(self, runner: Runner) -> None:
        """Print best and last."""
        if not self.history:
            return
        best, last = best_epoch(self.history, self.monitor), self.history[-1]
        rows = {f'best epoch ({best["epoch"]})': best, f'last epoch ({last["epoch"]})': last}
        minutes = (time.monotonic() - self.start) / 60
        runner.logger.info(
            '\n'
            + metric_table(_title(runner.val_dataloader.dataset), rows, f'{_BEST_NOTE}\nTrained for {minutes:.1f} min.')
        )

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Print the result of a test."""
        if metrics:
            runner.logger.info('\n' + metric_table(_title(runner.test_dataloader.dataset), {'test': metrics}))


def _read(path: Path, runner: Runner, monitor: str) -> list[dict[str, Any]]:
    """Read the epochs with the metric that chooses the best; a file that is not whole must not keep a run from going
    on.
    """
    try:
        noted = json.loads(path.read_text(encoding='utf-8'))
        return [entry for entry in noted if isinstance(entry['epoch'], int) and _is_number(entry.get(monitor))]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        kept = path.with_name(f'{path.name}.broken')
        path.replace(kept)
        runner.logger.warning(
            f'{path}: expected a list of metrics by epoch ({type(error).__name__}: {error}); it is kept as '
            f'{kept.name}, and the metrics of the epochs before are not in the new one'
        )
        return []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_due(runner: Runner) -> bool:
    epoch = runner.epoch
    return epoch > 0 and epoch >= runner.val_begin and (epoch % runner.val_interval == 0 or epoch == runner.max_epochs)


def _title(dataset: Any) -> str:
    synthetic = ', synthetic data' if dataset.metainfo.get('synthetic') else ''
    return f'{type(dataset).__name__}{synthetic}, %'
