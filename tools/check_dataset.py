"""Check the data of a config before training: pictures, partners, captions, identities."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict

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
    """Check, print what was found, and say by the exit code whether training would be wrong."""
    arguments = parse_arguments()
    from rich.console import Console
    from rich.progress import track

    from next_mm.apis import load_config
    from next_mm.apis.checks.data import check_data

    config = load_config(arguments.config, arguments.cfg_options)
    console = Console(soft_wrap=True, highlight=False)
    problems = check_data(
        config, lambda items, length, what: track(items, total=length, description=what, console=Console(stderr=True))
    )
    kinds = defaultdict(list)
    for problem in problems:
        kinds[problem.kind, problem.fatal].append(problem)
    for (kind, fatal), found in sorted(kinds.items(), key=lambda item: not item[0][1]):
        console.print(f'{"ERROR" if fatal else "note"}: {kind}: {len(found):,}', style='bold red' if fatal else 'bold')
        shown = found[: arguments.limit] if arguments.limit else found
        for problem in shown:
            console.print(f'  {problem.where}' + (f' ({problem.detail})' if problem.detail else ''), markup=False)
        if len(shown) < len(found):
            console.print(f'  and {len(found) - len(shown):,} more; --limit 0 lists all')
    fatal = sum(problem.fatal for problem in problems)
    what = 'train' if config.get('train_dataloader') else 'test'
    verdict = f'{what}ing would be wrong.' if fatal else f'ready to {what}.'
    console.print(f'{fatal:,} errors, {len(problems) - fatal:,} notes: {verdict}')
    return 1 if fatal else 0


if __name__ == '__main__':
    sys.exit(main())
