"""List the methods: ``python tools/list_methods.py``."""

from __future__ import annotations

import argparse

from next_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='List the methods, with the figures that Tables II and III publish.')
    return parser.parse_args()


@command_line
def main() -> None:
    """Print a line for each method."""
    parse_args()
    from next_mm.apis.zoo import DATASETS, list_methods  # late, so that --help is quick
    from next_mm.utils.tables import draw_table

    rows = [
        [method.name, method.title, method.venue, ', '.join(method.input), *_figures(method.published, DATASETS)]
        for method in list_methods()
    ]
    print(draw_table(['name', 'method', 'venue', 'reads', *DATASETS], rows, left=range(4), width=160))
    print('mAP / R-1 as published, in percent. Configs: configs/<name>/<name>_<dataset>.py')


def _figures(published: dict, datasets: tuple[str, ...]) -> list[str]:
    return [f'{published[d]["mAP"]:.1f} / {published[d]["R-1"]:.1f}' if d in published else '' for d in datasets]


if __name__ == '__main__':
    main()
