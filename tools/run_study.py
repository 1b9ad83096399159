"""Train and test all rows of a table of the paper: ``python tools/run_study.py table4 --dataset synthetic --seeds 3``.

Runs that ended are kept, runs that were interrupted go on, and the table is written anew after every run:
``work_dirs/studies/<dataset>/<study>.{md,csv,tex,png,pdf}``. A row of your own is a file ``configs/ablations/<study>_<row>.py``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from next_mm.utils.command_line import ConfigOptions, command_line

if TYPE_CHECKING:
    from rich.console import Console

    from next_mm.analysis.studies import Row
    from next_mm.analysis.study_report import StudyReport

ROOT = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'study', nargs='?', help='prefix of the configs, e.g. table4; without it the studies are listed'
    )
    parser.add_argument(
        '--dataset', default='synthetic', help='an experiment of configs/_base_/experiments (default: synthetic data)'
    )
    parser.add_argument('--seeds', type=int, default=1, help='number of seeds, 0 to N - 1 (default: 1)')
    parser.add_argument('--rows', nargs='+', default=[], metavar='ROW', help='only these rows, e.g. c d')
    parser.add_argument(
        '--gpus', type=int, default=0, help='number of GPUs; one run at a time on each (default: 0, the CPU)'
    )
    parser.add_argument(
        '--jobs', type=int, default=1, help='runs at a time on the CPU, which share its cores (default: 1)'
    )
    parser.add_argument('--prefix', default='', help="words before every command, e.g. 'srun --gres=gpu:1'")
    parser.add_argument(
        '--work-dir', type=Path, default=ROOT / 'work_dirs' / 'studies', help='where runs and tables go'
    )
    parser.add_argument('--config-dir', type=Path, default=ROOT / 'configs' / 'ablations', help='where the rows are')
    parser.add_argument('--retry-failed', action='store_true', help='run those again that failed before')
    parser.add_argument('--table-only', action='store_true', help='run nothing, write the table of what is there')
    parser.add_argument('--no-cost', action='store_true', help='leave out parameters and multiply-accumulates')
    parser.add_argument('--doc', type=Path, help='also put the table between the markers of this Markdown file')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='overrides for every row alike'
    )
    args = parser.parse_args()
    if args.seeds < 1 or args.jobs < 1 or args.gpus < 0:
        parser.error('expected --seeds >= 1, --jobs >= 1 and --gpus >= 0')
    return args


@command_line
def main() -> int:
    """Run the study; the exit status is 1 when a run failed."""
    args = parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # a batch system's end is an interruption: the children end too
    from rich.console import Console

    from next_mm.analysis.studies import TITLES, list_studies, load_study

    console = Console()
    if args.study is None:
        for name, configs in list_studies(args.config_dir).items():
            console.print(f'{name:10} {len(configs)} rows   {TITLES.get(name, "")}')
        return 0
    rows = load_study(args.study, args.dataset, args.config_dir, tuple(args.rows), _parse_options(args.cfg_options))
    from next_mm.analysis.study_cost import row_costs
    from next_mm.analysis.study_report import StudyReport

    root = args.work_dir / args.dataset
    costs = {} if args.no_cost else row_costs(rows)
    report = StudyReport(args.study, rows, args.seeds, args.dataset, root, args.doc, costs)
    if not args.table_only:
        _run(args, rows, root, report, console)
    results = report.write()
    console.print(report.text(), markup=False, highlight=False, soft_wrap=True)
    console.print(f'Table and chart: {root / args.study}.*')
    return 1 if any(result.errors for result in results) else 0


def _parse_options(texts: list[str]) -> dict[str, Any]:
    """Read ``key=value`` as ``tools/train.py`` does; the texts themselves go to it."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=ConfigOptions, default={})
    return parser.parse_args(['--cfg-options', *texts]).cfg_options


def _run(args: argparse.Namespace, rows: list[Row], root: Path, report: StudyReport, console: Console) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from next_mm.analysis.study_runner import Launcher, Task, plan, run_tasks

    devices = tuple(range(args.gpus)) or (None,) * args.jobs
    launcher = Launcher(args.dataset, args.prefix, tuple(args.cfg_options), devices, ROOT / 'tools' / 'train.py')
    tasks = plan(rows, args.seeds, root)
    lock = threading.Lock()
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(args.study, total=len(tasks))

        def on_event(task: Task, event: str) -> None:
            with lock:
                progress.console.print(f'{event:8} {task.row.name} seed {task.seed}  {task.work_dir}', highlight=False)
                if event != 'started':
                    progress.advance(bar)
                    report.write()

        run_tasks(tasks, launcher, retry_failed=args.retry_failed, report=on_event)


if __name__ == '__main__':
    sys.exit(main())
