"""A run as one self-contained HTML page: ``python tools/report.py work_dirs/next_synthetic``."""

from __future__ import annotations

import argparse
from pathlib import Path

from next_mm.utils.command_line import command_line


@command_line
def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', type=Path, help='work directory of a run')
    parser.add_argument('--out', type=Path, help='the page (default: report.html in the work directory)')
    parser.add_argument('--max-pictures', type=int, default=24, help='how many pictures go into the page (default: 24)')
    args = parser.parse_args()
    from next_mm.analysis.run_report import write_report

    print(write_report(args.work_dir, args.out, args.max_pictures))


if __name__ == '__main__':
    main()
