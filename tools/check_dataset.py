"""Check the data of a config before training: pictures, partners, captions, identities."""

from __future__ import annotations

import argparse
import sys

from next_mm.utils.command_line import add_config, command_line


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='Exits with 1 if training or testing would stop or be wrong, with 0 otherwise.'
    )
    add_config(parser)
    parser.add_argument(
        '--limit', type=int, default=10, help='examples to list of each kind of problem; 0 lists all (default: 10)'
    )
    return parser.parse_args()


@command_line
def main() -> int:
    """Check, print what was counted and found, and say by the exit code whether training would be wrong."""
    arguments = parse_arguments()
    from rich.console import Console
    from rich.progress import track

    from next_mm.apis import load_config
    from next_mm.apis.checks.data import check_data

    config = load_config(arguments.config, arguments.cfg_options)
    bar = Console(stderr=True)
    report = check_data(config, lambda items, length, what: track(items, total=length, description=what, console=bar))
    print(*report.lines(arguments.limit), sep='\n')
    wrong = any(problem.fatal for problem in report.problems)
    what = 'train' if config.get('train_dataloader') else 'test'
    print(f'{report.summary()}: {f"{what}ing would be wrong" if wrong else f"ready to {what}"}.')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
