"""What a work directory says about its run: scalars by step, results by epoch, environment, checkpoints, pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from next_mm.engine import ENVIRONMENT_FILE, latest_checkpoint

METRICS = ('mAP', 'R-1', 'R-5', 'R-10', 'mINP')
METRIC_PREFIX = 'reid/'
PICTURE_SUFFIXES = ('.png', '.jpg', '.jpeg')


@dataclass
class RunLog:
    """The scalars of one run, however often it was resumed.

    Attributes:
        train: one dict for each logged iteration, in order; ``step``, ``loss``, ``time`` and what else was logged.
        results: one dict for each evaluation, in order; ``step`` (epoch) and the metrics in
            percent, without their prefix.
        epochs: one dict for each epoch of which hooks logged something, in order; e.g. the
            tokens that each expert takes.
    """

    train: list[dict[str, float]] = field(default_factory=list)
    results: list[dict[str, float]] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)

    def last(self) -> dict[str, float]:
        """The metrics of the last evaluation; empty before the first."""
        return self.results[-1] if self.results else {}

    def best(self, key: str = 'mAP') -> dict[str, float]:
        """The evaluation with the highest ``key``: chosen by looking at the test set."""
        return max(self.results, key=lambda result: result.get(key, float('-inf')), default={})

    def curve(self, key: str) -> tuple[list[float], list[float]]:
        """Steps and values of a logged quantity; steps are iterations in training and epochs elsewhere."""
        for entries in (self.train, self.results, self.epochs):
            points = [(entry['step'], entry[key]) for entry in entries if key in entry]
            if points:
                return [step for step, _ in points], [value for _, value in points]
        return [], []


def log_folders(work_dir: Path) -> list[Path]:
    """The folders of a run's starts, oldest first (MMEngine names them by date and time)."""
    return sorted(path.parent for path in work_dir.glob('*/vis_data') if re.match(r'\d{8}_\d{6}', path.parent.name))


def read_run_log(work_dir: str | Path) -> RunLog:
    """Read the scalars that a run wrote, those of a resumed run replacing what was computed twice.

    Args:
        work_dir: the run's work directory.

    Raises:
        FileNotFoundError: ``work_dir`` does not exist.
    """
    work_dir = Path(work_dir)
    if not work_dir.is_dir():
        raise FileNotFoundError(f'{work_dir} is not a directory; expected the work directory of a run')
    kinds: tuple[dict[int, dict[str, float]], ...] = ({}, {}, {})
    for folder in log_folders(work_dir):
        for entry in _read_lines(folder / 'vis_data' / 'scalars.json'):
            step = int(entry['step'])
            scalars = {key.removeprefix(METRIC_PREFIX): value for key, value in entry.items()}
            kinds[_kind(entry)].setdefault(step, {}).update(scalars)
    train, results, epochs = ([entries[step] for step in sorted(entries)] for entries in kinds)
    return RunLog(train, results, epochs)


def _kind(entry: dict[str, float]) -> int:
    """0 for a training iteration, 1 for an evaluation, 2 for what hooks logged at an epoch."""
    if any(key.startswith(METRIC_PREFIX) for key in entry):
        return 1
    return 0 if 'loss' in entry else 2


def _read_lines(path: Path) -> Iterator[dict[str, float]]:
    """Yield the entries of a JSON-lines file; the half-written last line of a killed run is left out."""
    if not path.is_file():
        return
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict) and 'step' in entry:
            yield entry


def typical(entries: list[dict[str, float]], key: str) -> float | None:
    """Median of a logged quantity; None where it was never logged."""
    values = [entry[key] for entry in entries if key in entry]
    return median(values) if values else None


def read_environment(work_dir: str | Path) -> dict[str, str]:
    """Return what the environment hook noted at the run's last start; empty without it."""
    for folder in reversed(log_folders(Path(work_dir))):
        path = folder / ENVIRONMENT_FILE
        if path.is_file():
            try:
                noted = json.loads(path.read_text(encoding='utf-8'))
            except ValueError:
                continue
            if isinstance(noted, dict):
                return {str(key): str(value) for key, value in noted.items()}
    return {}


def run_name(work_dir: Path) -> str:
    """What a run goes by: the name of its work directory, with that of the row for a seed of a study."""
    folder = work_dir.resolve()
    return '/'.join(folder.parts[-2:]) if folder.name.startswith('seed') else folder.name


def find_checkpoint(work_dir: str | Path) -> Path:
    """Return the checkpoint of a run's last epoch.

    Raises:
        FileNotFoundError: there is none.
        CheckpointError: the run noted one that is gone.
    """
    noted = latest_checkpoint(work_dir)
    if noted is not None:
        return Path(noted)
    found = sorted(Path(work_dir).glob('epoch_*.pth'), key=lambda path: path.stat().st_mtime)
    if not found:
        raise FileNotFoundError(f'{work_dir} holds no last checkpoint')
    return found[-1]


def find_pictures(work_dir: str | Path) -> list[Path]:
    """Pictures of a run, those of its last start first, in the order of their names."""
    work_dir = Path(work_dir)
    inside = work_dir.resolve()  # a link may lead anywhere
    found = [
        path
        for path in sorted(work_dir.rglob('*'))
        if path.suffix.lower() in PICTURE_SUFFIXES and path.resolve().is_relative_to(inside)
    ]
    newest = log_folders(work_dir)[-1:]
    return sorted(found, key=lambda path: (not any(path.is_relative_to(folder) for folder in newest), str(path)))
