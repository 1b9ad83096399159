"""Convert the weights of a method's authors: ``python tools/convert_checkpoint.py demo DeMo.pth demo_rgbnt201.pth``."""

from __future__ import annotations

import argparse
from pathlib import Path

from next_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Convert the weights of a method's authors to ours, or back.")
    parser.add_argument('method', help='folder name of the method, as tools/list_methods.py prints it')
    parser.add_argument('source', type=Path, help="the authors' file (with --back: a checkpoint of ours)")
    parser.add_argument('target', type=Path, help='the file to write')
    parser.add_argument('--back', action='store_true', help="convert a checkpoint of ours to the authors' names")
    parser.add_argument('--variant', help='which key map of the method to use (see its README); by default the first')
    return parser.parse_args()


@command_line
def main() -> None:
    """Convert, and name what was dropped."""
    args = parse_args()
    from next_mm import apis  # late, so that --help is quick

    result = apis.convert_checkpoint(args.method, args.source, args.target, back=args.back, variant=args.variant)
    for line in result.report():
        print(line)
    print(f'{args.target}: {len(result.state)} weights')


if __name__ == '__main__':
    main()
