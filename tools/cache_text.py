"""Encode a config's captions ahead: ``python tools/cache_text.py configs/next_rgbnt201.py``.

Testing then needs no text tower: set model.text to dict(type='CachedText', path=FOLDER). With --train the same holds
    for training:
every sentence subset that sampling can draw is encoded, so it serves any seed, any number of epochs, and a resumed
run. Kill it at
any moment: started again it goes on. CLIPText reads the same folder as its cache (model.text.cache.path).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from next_mm.utils.command_line import add_config, command_line


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Encode the captions of a config ahead, so that no text tower is needed later.'
    )
    add_config(parser)
    parser.add_argument('--train', action='store_true', help='also all sentence subsets of the training captions')
    parser.add_argument('--out', type=Path, help='folder of the features (default: data_root/caption_features)')
    parser.add_argument('--device', help='where the text tower runs (default: the GPU, where there is one)')
    parser.add_argument(
        '--max-captions',
        type=int,
        default=500_000,
        help='refuse to encode more than this (2 KiB each for ViT-B/16; default: %(default)s)',
    )
    return parser.parse_args()


@command_line
def main() -> None:
    """Encode the captions."""
    args = parse_args()
    from rich.progress import track

    from next_mm import apis  # late, so that --help is quick

    made = apis.encode_captions(
        apis.load_config(args.config, args.cfg_options),
        train=args.train,
        folder=args.out,
        device=args.device,
        max_texts=args.max_captions,
        progress=lambda chunks: track(chunks, description='captions'),
    )
    print(
        f'{made.texts} texts, {made.new} of them new; {made.folder} holds {made.stored} of this text tower, '
        f'{made.size / 2**20:.0f} MiB.\nUse them with --cfg-options model.text._delete_=True '
        f'model.text.type=CachedText model.text.path={made.folder}'
    )


if __name__ == '__main__':
    main()
