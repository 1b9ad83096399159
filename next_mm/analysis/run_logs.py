"""What a work directory says about its run: scalars by step, results by epoch, environment, checkpoints, pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

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
    """The environment that MMEngine printed at the run's last start: hardware, versions, seed."""
    for folder in reversed(log_folders(Path(work_dir))):
        for log in sorted(folder.glob('*.log')):
            environment = _parse_environment(log.read_text(encoding='utf-8', errors='replace'))
            if environment:
                return environment
    return {}


def _parse_environment(text: str) -> dict[str, str]:
    block = re.search(r'System environment:\n(.*?)\n-{20,}\n', text, flags=re.DOTALL)
    pairs = (
        re.findall(r'^ {4}([\w ./-]+): (.*)$', block.group(1).replace('Runtime environment:', ''), re.M)
        if block
        else []
    )
    return {key.strip(): value.strip() for key, value in pairs}


def run_name(work_dir: Path) -> str:
    """What a run goes by: the name of its work directory, with that of the row for a seed of a study."""
    folder = work_dir.resolve()
    return '/'.join(folder.parts[-2:]) if folder.name.startswith('seed') else folder.name


def find_config(work_dir: str | Path) -> Path:
    """The resolved configuration that MMEngine left in a work directory.

    Raises:
        FileNotFoundError: there is none.
    """
    configs = sorted(Path(work_dir).glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not configs:
        raise FileNotFoundError(f'{work_dir} holds no configuration (*.py); is it the work directory of a run?')
    return configs[-1]


def find_checkpoint(work_dir: str | Path, which: str = 'last') -> Path:
    """The checkpoint of a run's last or best epoch.

    Args:
        work_dir: the run's work directory.
        which: ``last`` or ``best``.

    Raises:
        FileNotFoundError: there is none.
        ValueError: ``which`` is neither.
    """
    work_dir = Path(work_dir)
    if which not in ('last', 'best'):
        raise ValueError(f"which: expected 'last' or 'best', got {which!r}")
    pointer = work_dir / 'last_checkpoint'
    if which == 'last' and pointer.is_file():
        named = Path(pointer.read_text(encoding='utf-8').strip())
        for candidate in (named, work_dir / named.name):
            if candidate.is_file():
                return candidate
    found = sorted(
        work_dir.glob('best_*.pth' if which == 'best' else 'epoch_*.pth'), key=lambda path: path.stat().st_mtime
    )
    if not found:
        raise FileNotFoundError(f'{work_dir} holds no {which} checkpoint')
    return found[-1]


def find_pictures(work_dir: str | Path) -> list[Path]:
    """Pictures of a run, those of its last start first, in the order of their names."""
    work_dir = Path(work_dir)
    found = [path for path in sorted(work_dir.rglob('*')) if path.suffix.lower() in PICTURE_SUFFIXES]
    newest = log_folders(work_dir)[-1:]
    return sorted(found, key=lambda path: (not any(path.is_relative_to(folder) for folder in newest), str(path)))
