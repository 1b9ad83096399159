"""Export a trained model to ONNX; the file is compared with the model before it is written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from next_mm.utils.command_line import command_line


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='a pack, the folder of a run, or a config file')
    parser.add_argument('weights', nargs='?', help='the checkpoint of a config file, or another than the last of a run')
    parser.add_argument('-o', '--output', type=Path, required=True, help='the .onnx file')
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument('--fp16', action='store_const', dest='precision', const='fp16', help='half precision')
    precision.add_argument('--int8', action='store_const', dest='precision', const='int8', help='8-bit matrix products')
    parser.add_argument('--no-text', action='store_true', help='leave the caption input out')
    return parser.parse_args()


@command_line
def main() -> None:
    """Export and say how near the file is to the model."""
    args = parse_arguments()
    from next_mm.apis.inference import load_bundle
    from next_mm.apis.inference.export import export_onnx

    bundle = load_bundle(args.model, args.weights)
    found = export_onnx(bundle, args.output, precision=args.precision or 'fp32', text=not args.no_text)
    size = args.output.stat().st_size / 1e6
    print(
        f'{args.output}: {size:.1f} MB, largest difference {found["difference"]:.1e}, least cosine '
        f'{found["cosine"]:.6f}'
    )


if __name__ == '__main__':
    sys.exit(main())
