"""Train and test all rows of a table of the paper: ``python tools/run_study.py table4 --dataset synthetic --seeds 3``.

Runs that ended are kept, runs that were interrupted go on, and the table is written anew after every run:
``work_dirs/studies/<dataset>/<study>.{md,csv,tex,png,pdf}``. A study of your own is one more file like those of
``configs/studies``, anywhere; its path takes the place of the name.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from next_mm.utils.command_line import add_cfg_options, command_line

if TYPE_CHECKING:
    from rich.console import Console

    from next_mm.analysis.studies import Study
    from next_mm.analysis.studies.report import StudyReport

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / 'configs' / 'studies'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'study', nargs='?', help='name in configs/studies or path of a study; without it the studies are listed'
    )
    parser.add_argument(
        '--dataset', default='synthetic', help="dataset, as the configs' names have it (default: synthetic)"
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
    parser.add_argument('--retry-failed', action='store_true', help='run those again that failed before')
    parser.add_argument('--table-only', action='store_true', help='run nothing, write the table of what is there')
    parser.add_argument('--no-cost', action='store_true', help='leave out parameters and multiply-accumulates')
    parser.add_argument('--doc', type=Path, help='also put the table between the markers of this Markdown file')
    add_cfg_options(parser, 'overrides for every row alike')
    args = parser.parse_args()
    if args.seeds < 1 or args.jobs < 1 or args.gpus < 0:
        parser.error('expected --seeds >= 1, --jobs >= 1 and --gpus >= 0')
    return args


@command_line
def main() -> int:
    """Run the study; the exit status is 1 when a run failed."""
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a batch system's end ends the children too
    from rich.console import Console

    from next_mm.analysis.studies import find_study, list_studies, load_study

    console = Console()
    if args.study is None:
        for file in list_studies(STUDIES):
            console.print(f'{file.name:10} {len(file.rows)} rows   {file.title}', highlight=False)
        return 0
    study = load_study(find_study(args.study, STUDIES), args.dataset, only=args.rows, options=args.cfg_options)
    if study.left_out:
        console.print(f'left out, no config for {args.dataset}: {", ".join(study.left_out)}', highlight=False)
    from next_mm.analysis.studies.cost import row_costs
    from next_mm.analysis.studies.report import StudyReport

    root = args.work_dir / args.dataset
    costs = {} if args.no_cost else row_costs(study.rows)
    report = StudyReport(study, args.seeds, root, args.doc, costs)
    if not args.table_only:
        _run(args, study, root, report, console)
    results = report.write()
    console.print(report.text(), markup=False, highlight=False, soft_wrap=True)
    console.print(f'Table and chart: {root / args.study}.*')
    return 1 if any(result.errors for result in results) else 0


def _run(args: argparse.Namespace, study: Study, root: Path, report: StudyReport, console: Console) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from next_mm.analysis.studies.runner import Launcher, Task, plan, run_tasks

    devices = tuple(range(args.gpus)) or (None,) * args.jobs
    tools = ROOT / 'tools'
    launcher = Launcher(args.prefix, devices, tools / 'train.py', tools / 'test.py')
    tasks = plan(study.rows, args.seeds, root)
    lock = threading.Lock()
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(study.name, total=len(tasks))

        def on_event(task: Task, event: str) -> None:
            with lock:
                progress.console.print(f'{event:8} {task.row.name} seed {task.seed}  {task.work_dir}', highlight=False)
                if event != 'started':
                    progress.advance(bar)
                    report.write()

        run_tasks(tasks, launcher, retry_failed=args.retry_failed, report=on_event)


if __name__ == '__main__':
    sys.exit(main())
