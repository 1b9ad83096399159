"""Look at the triplets of a config: ``python tools/browse_dataset.py configs/next_synthetic.py``."""

from __future__ import annotations

import argparse
from pathlib import Path

from next_mm.utils.command_line import add_config, command_line


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Draw triplets of a config with captions: as they lie on disk, and as the transforms change them.'
    )
    add_config(parser, 'configs/next_synthetic.py')
    parser.add_argument(
        '--loop', choices=['train', 'val', 'test'], default='train', help='whose data and transforms (default: train)'
    )
    parser.add_argument('--samples', type=int, default=6, help='triplets, of different identities (default: 6)')
    parser.add_argument('--views', type=int, default=3, help='draws of the transforms for each triplet (default: 3)')
    parser.add_argument('--names', nargs='+', default=[], help='these triplets instead, by name')
    parser.add_argument('--seed', type=int, default=0, help='of the choice and of the transforms (default: 0)')
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/samples.png'), help='picture (default: %(default)s)'
    )
    return parser.parse_args()


@command_line
def main() -> None:
    """Draw."""
    args = parse_args()
    from PIL import Image

    from next_mm import apis  # late, so that --help is quick

    sheet = apis.draw_samples(
        apis.load_config(args.config, args.cfg_options),
        loop=args.loop,
        num_samples=args.samples,
        num_views=args.views,
        names=args.names,
        seed=args.seed,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(args.out)
    print(args.out)


if __name__ == '__main__':
    main()
