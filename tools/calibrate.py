"""Find thresholds for a gallery at a chosen rate of false matches, with what they cost, and store them in it.

The gallery's entries of known identity, seen by several cameras, say what scores pairs of one
and of two identities have.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from next_mm.utils.command_line import command_line, find_caller


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('gallery', help='a folder, or the address of a Milvus server')
    parser.add_argument('--far', type=float, default=0.001, help='false-match rate (default: 0.001)')
    parser.add_argument('-o', '--output', type=Path, help='write the figures to a JSON file')
    parser.add_argument('--dry-run', action='store_true', help='print the thresholds, store none')
    return parser.parse_args()


@command_line
def main() -> None:
    """Calibrate, print a table, store."""
    args = parse_arguments()
    from rich.console import Console
    from rich.table import Table

    from next_mm.gallery import Gallery
    from next_mm.gallery.calibration import calibrate_gallery
    from next_mm.utils.files import write_atomically

    with Gallery.open(args.gallery, who=find_caller(), create=False) as gallery:
        found, refused = calibrate_gallery(gallery, false_match_rate=args.far)
        if not args.dry_run:
            gallery.set_thresholds({name: value.thresholds() for name, value in found.items()})
    table = Table('compared', 'same from', 'different below', 'genuine pairs missed', 'genuine', 'impostors')
    for name, value in found.items():
        same, missed = value.same, value.false_non_match_rate
        table.add_row(
            name,
            f'{same.value:.4f} ({same.low:.4f} to {same.high:.4f})',
            f'{value.thresholds()["different"]:.4f}',
            f'{missed.value:.1%} ({missed.low:.1%} to {missed.high:.1%})',
            f'{value.genuine:,}',
            f'{value.impostors:,}',
        )
    console = Console(soft_wrap=True)
    console.print(f'False-match rate {args.far:g}; 95 % intervals over identities.')
    console.print(table)
    for name, value in found.items():
        hardest = value.hardest_cameras(5)
        if len(hardest) > 1:
            pairs = ', '.join(f'{pair} {rate:.1%}' for pair, rate in hardest)
            console.print(f'{name}: camera pairs that miss most: {pairs}', markup=False)
    for name, why in refused.items():
        console.print(f'{name}: not calibrated: {why}', markup=False)
    if args.output:
        values = {name: value.to_json() for name, value in found.items()}
        write_atomically(args.output, [json.dumps(values, indent=2) + '\n'])


if __name__ == '__main__':
    sys.exit(main())
