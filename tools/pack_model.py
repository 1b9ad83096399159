"""Pack a trained model: one folder with config, weights and card that works from any directory, on any machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from next_mm.utils.command_line import command_line


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='the folder of a run, or a config file')
    parser.add_argument('weights', nargs='?', help='the checkpoint of a config file, or another than the last of a run')
    parser.add_argument('-o', '--output', type=Path, required=True, help='folder to create')
    return parser.parse_args()


@command_line
def main() -> None:
    """Pack the model and say what is in the pack."""
    args = parse_arguments()
    from next_mm.apis.inference import load_bundle, write_pack

    bundle = load_bundle(args.model, args.weights)
    write_pack(bundle, args.output)
    size = sum(path.stat().st_size for path in args.output.iterdir())
    print(f'{args.output}: {bundle.name}, features {bundle.space().dim} wide, {size / 1e6:.1f} MB')


if __name__ == '__main__':
    sys.exit(main())
