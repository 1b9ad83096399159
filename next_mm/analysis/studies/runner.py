"""Run the rows of a study as processes of their own: in parallel over devices, resumed after a kill,
failures kept as results."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from queue import SimpleQueue

from next_mm.analysis.run_logs import log_folders
from next_mm.analysis.studies.study import Row
from next_mm.apis.config import find_projects
from next_mm.utils.files import write_atomically
from next_mm.utils.machine import describe_machine

OUTCOME = 'outcome.json'
CONSOLE = 'console.log'
UNTRAINED = 'untrained.json'


@dataclass(frozen=True)
class Task:
    """One training: a row with a seed, in its own work directory."""

    row: Row
    seed: int
    work_dir: Path

    @property
    def config(self) -> Path:
        """The row's resolved config, as a file beside the work directories of its seeds."""
        return self.work_dir.parent / f'{self.row.name}.py'

    def write_config(self) -> None:
        """Write the file, so that the row can be trained, printed and read without its study."""
        resolved = self.row.resolved.copy()
        resolved.pop('work_dir', None)
        write_atomically(self.config, [resolved.pretty_text])


@dataclass
class Launcher:
    """How a task becomes a process.

    Attributes:
        prefix: words before the command, e.g. ``srun --gres=gpu:1``.
        devices: one entry for each process that may run at a time: a GPU's number, or ``None`` for the CPU.
        train_script: the training command line.
        test_script: the command line that tests.
    """

    prefix: str = ''
    devices: Sequence[int | None] = (None,)
    train_script: Path = Path('tools/train.py')
    test_script: Path = Path('tools/test.py')
    running: dict[Path, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)
    stopping: threading.Event = field(default_factory=threading.Event, init=False)

    def command(self, task: Task) -> list[str]:
        """The command of a task; ``--resume`` goes on from the last checkpoint where there is one."""
        resume = ['--resume'] if (task.work_dir / 'last_checkpoint').is_file() else []
        train = [sys.executable, str(self.train_script), str(task.config), '--work-dir', str(task.work_dir)]
        return [*shlex.split(self.prefix), *train, *resume, '--cfg-options', f'randomness.seed={task.seed}']

    def untrained_command(self, task: Task) -> list[str]:
        """The command that tests a task's model as its training starts it."""
        folder = task.work_dir / 'untrained'
        test = [sys.executable, str(self.test_script), str(task.config), '--untrained', '--work-dir', str(folder)]
        out = ['--out', str(task.work_dir / UNTRAINED)]
        return [*shlex.split(self.prefix), *test, *out, '--cfg-options', f'randomness.seed={task.seed}']

    def environment(self, task: Task, device: int | None) -> dict[str, str]:
        """The environment of a task: where ``projects`` is, the GPU, and on the CPU a fair share of the cores.

        An ``OMP_NUM_THREADS`` of the user's own stays.
        """
        chosen = {}
        projects = find_projects(task.row.config)
        if projects is not None:  # the row's config lies in its work directory, away from them
            chosen['PYTHONPATH'] = os.pathsep.join(filter(None, (str(projects), os.environ.get('PYTHONPATH'))))
        if device is not None:
            chosen['CUDA_VISIBLE_DEVICES'] = str(device)
        elif len(self.devices) > 1 and 'OMP_NUM_THREADS' not in os.environ:
            chosen['OMP_NUM_THREADS'] = str(max(1, (os.cpu_count() or 1) // len(self.devices)))
        return {**os.environ, **chosen}


def plan(rows: Sequence[Row], seeds: int, root: Path) -> list[Task]:
    """All trainings of a study, seed by seed so that every row has a figure early; equal
    configurations are trained once."""
    tasks: dict[Path, Task] = {}
    for seed in range(seeds):
        for row in rows:
            work_dir = run_directory(row, seed, root)
            tasks.setdefault(work_dir, Task(row, seed, work_dir))
    return list(tasks.values())


def run_directory(row: Row, seed: int, root: Path) -> Path:
    """Where a row's training with a seed lives: the first row with this configuration gives the name, its
    digest finds it again."""
    known = sorted(root.glob(f'*-{row.digest}'))
    folder = known[0] if known else root / f'{row.name}-{row.digest}'
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f'seed{seed}'


def read_outcome(work_dir: Path) -> dict[str, object] | None:
    """How a training ended (``status`` done or failed, ``seconds``, ``error``), or None while it has not."""
    path = work_dir / OUTCOME
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None


def run_tasks(
    tasks: Sequence[Task],
    launcher: Launcher,
    *,
    retry_failed: bool = False,
    report: Callable[[Task, str], None] = lambda task, event: None,
) -> None:
    """Run what has not run yet, as many at a time as there are devices.

    A task that fails is written down and the others go on. When this process is interrupted, its children are ended and
    nothing is written down, so that the next call resumes them.

    Args:
        tasks: the trainings.
        launcher: how to start one.
        retry_failed: run those again that failed before.
        report: called with a task and ``'skipped'``, ``'started'``, ``'done'`` or ``'failed'``.
    """
    for task in tasks:
        task.write_config()
    free: SimpleQueue[int | None] = SimpleQueue()
    for device in launcher.devices:
        free.put(device)
    with ThreadPoolExecutor(len(launcher.devices)) as pool:
        futures = {pool.submit(_run_on_free_device, task, launcher, free, retry_failed, report) for task in tasks}
        try:
            _wait_for_all(futures)
        except BaseException:  # Ctrl-C too: no child may outlive its study
            launcher.stopping.set()
            for future in futures:
                future.cancel()
            for process in list(launcher.running.values()):
                os.killpg(process.pid, signal.SIGTERM)  # with the prefix's own children
            raise


def _wait_for_all(futures: set[Future[None]]) -> None:
    pending = futures
    while pending:
        finished, pending = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()


def _run_on_free_device(
    task: Task,
    launcher: Launcher,
    free: SimpleQueue[int | None],
    retry_failed: bool,
    report: Callable[[Task, str], None],
) -> None:
    device = free.get()
    try:
        run_task(task, launcher, device, retry_failed=retry_failed, report=report)
    finally:
        free.put(device)


def run_task(
    task: Task,
    launcher: Launcher,
    device: int | None = None,
    *,
    retry_failed: bool = False,
    report: Callable[[Task, str], None] = lambda task, event: None,
) -> None:
    """Run one training to its end and write down how it ended; arguments as in :func:`run_tasks`."""
    task.work_dir.mkdir(parents=True, exist_ok=True)
    with _directory_lock(task.work_dir) as lock:
        if task.row.untrained and not (task.work_dir / UNTRAINED).is_file():
            _start_and_wait(task, launcher.untrained_command(task), launcher, device, lock)
            if launcher.stopping.is_set():
                return
        outcome = read_outcome(task.work_dir)
        if outcome is not None and (outcome['status'] == 'done' or not retry_failed):
            report(task, 'skipped')
            return
        report(task, 'started')
        begin = time.monotonic()
        code = _start_and_wait(task, launcher.command(task), launcher, device, lock)
        if code is None:
            return
        status = 'done' if code == 0 else 'failed'
        _write_outcome(
            task.work_dir,
            {
                'status': status,
                'seed': task.seed,
                'row': task.row.name,
                'returncode': code,
                'seconds': round(time.monotonic() - begin, 1) + _spent(task.work_dir),
                'error': '' if code == 0 else _error_line(task.work_dir / CONSOLE, code),
                'machine': describe_machine(),
                'date': date.today().isoformat(),
                'command': shlex.join(launcher.command(task)),
            },
        )
        report(task, status)


def _start_and_wait(
    task: Task, command: Sequence[str], launcher: Launcher, device: int | None, lock: int
) -> int | None:
    """Return the exit code, or None when the study itself ended the process."""
    with (task.work_dir / CONSOLE).open('ab') as console:
        process = subprocess.Popen(
            command,
            stdout=console,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=launcher.environment(task, device),
            pass_fds=(lock,),
            start_new_session=True,
        )
        launcher.running[task.work_dir] = process
        code = process.wait()
    del launcher.running[task.work_dir]
    return None if launcher.stopping.is_set() else code


@contextmanager
def _directory_lock(work_dir: Path) -> Iterator[int]:
    """Hold a work directory. The child inherits the lock: if it outlives a killed study, the
    next study waits for it."""
    with (work_dir / '.lock').open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _write_outcome(work_dir: Path, outcome: dict[str, object]) -> None:
    write_atomically(work_dir / OUTCOME, [json.dumps(outcome, indent=1)])


def _spent(work_dir: Path) -> float:
    """Seconds that earlier, interrupted starts of a run took, by what they logged."""
    starts = log_folders(work_dir)[:-1]
    ends = [(folder / 'vis_data' / 'scalars.json') for folder in starts]
    return round(
        sum(end.stat().st_mtime - _begin(folder) for folder, end in zip(starts, ends, strict=True) if end.is_file()), 1
    )


def _begin(folder: Path) -> float:
    return datetime.strptime(folder.name, '%Y%m%d_%H%M%S').timestamp()


def _error_line(console: Path, code: int) -> str:
    """The last line that a failed process printed: with Python that is the error itself."""
    if code < 0:
        return f'ended by signal {-code}'
    lines = [
        line.strip() for line in console.read_text(encoding='utf-8', errors='replace').splitlines() if line.strip()
    ]
    return lines[-1][:300] if lines else f'exit code {code} and no output'
