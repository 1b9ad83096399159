"""Write the tables of docs/zoo.md anew: ``python tools/zoo_page.py``.

What is published comes from the metafiles of the methods, what was measured from docs/zoo.json; ``--count`` and
``--parity`` put new measurements there. The table of the runs is written by
``python tools/run_study.py rivals --dataset synthetic --doc docs/zoo.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from next_mm.utils.command_line import command_line

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'zoo.md'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--count',
        nargs='*',
        metavar='METHOD',
        help='count parameters and multiply-accumulates anew, of all methods or of these (minutes)',
    )
    parser.add_argument(
        '--parity', type=Path, metavar='FILE', help='the file that NEXT_MM_PARITY named for pytest -m real_size'
    )
    parser.add_argument('--page', type=Path, default=PAGE, help='the page (default: docs/zoo.md)')
    return parser.parse_args()


@command_line
def main() -> None:
    """Measure what is asked for, and write."""
    args = parse_args()
    from next_mm.analysis import zoo_page  # late, so that --help is quick
    from next_mm.apis import list_methods
    from next_mm.errors import ConfigError

    methods = list_methods()
    results = zoo_page.read_results(args.page)
    if args.count is not None:
        if unknown := set(args.count) - {method.name for method in methods}:
            raise ConfigError(f'--count {" ".join(sorted(unknown))}: no such method, see tools/list_methods.py')
        found = zoo_page.count_methods(method for method in methods if not args.count or method.name in args.count)
        found['methods'] = {**results['costs']['methods'], **found['methods']}
        results['costs'] = found
    if args.parity is not None:
        found = zoo_page.read_parity(args.parity)
        found['systems'] = {**results['parity']['systems'], **found['systems']}  # a system at a time can be compared
        results['parity'] = found
    zoo_page.write_results(args.page, results)
    zoo_page.write_page(args.page, methods, results)
    print(f'{args.page}: {len(methods)} methods')


if __name__ == '__main__':
    main()
