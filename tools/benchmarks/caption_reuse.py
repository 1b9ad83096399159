"""How many of an epoch's captions are new: ``python tools/benchmarks/caption_reuse.py data/RGBNT201/text``.

Draws the sentence subsets of training (Eq. 4) for each epoch, as SampleSentences does, and counts the different texts
and those that no earlier epoch had: what the text tower must encode with an unbounded cache, and the tokens that this
takes. ``tools/cache_text.py CONFIG --train`` makes all of them known.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import numpy as np

from next_mm.captions import read_captions
from next_mm.datasets.transforms import SampleSentences, TokenizeCaptions
from next_mm.models.text.packing import pack_captions
from next_mm.models.text.text_tower import PACK_TOKENS

SHOWN = (1, 2, 3, 5, 10, 20, 30, 50)


def draw_epoch(captions: list[list[str]], seen: set[bytes], batch_size: int) -> tuple[int, int, int, int]:
    """Draw every triplet once, batch by batch, and remember what was drawn.

    Args:
        captions: three of each triplet.
        seen: captions known so far, as bytes of their tokens; grows.
        batch_size: triplets.

    Returns:
        numbers of captions drawn, of different ones, of new ones, and of tokens that the text tower computes for these
        (in packs, as it encodes them on a CPU).
    """
    sampler, tokenizer = SampleSentences(), TokenizeCaptions()
    drawn, computed, before = 0, 0, len(seen)
    texts: set[bytes] = set()
    order = np.random.permutation(len(captions))
    for start in range(0, len(order), batch_size):
        new: dict[bytes, np.ndarray] = {}
        for triplet in (captions[index] for index in order[start : start + batch_size]):
            tokens = tokenizer.transform(sampler.transform({'captions': triplet, 'img_paths': triplet}))[
                'tokens'
            ].reshape(-1, 77)
            rows = [row[: row.argmax() + 1] for row in tokens]
            drawn += len(rows)
            texts.update(row.tobytes() for row in rows)
            new |= {row.tobytes(): row for row in rows if row.tobytes() not in seen}
        seen.update(new)
        budget = PACK_TOKENS['cpu']
        computed += budget * sum(1 for _ in pack_captions(list(new.values()), budget=budget, context_length=77))
    return drawn, len(texts), len(seen) - before, computed


def main() -> None:
    """Draw, count, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='folder of caption files')
    parser.add_argument('--suffixes', nargs=3, default=['RGB', 'NI', 'TI'], help='of the three files train_*.json')
    parser.add_argument('--epochs', type=int, default=50)
    parser.add_argument('--batch-size', type=int, default=64, help='triplets')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    args = parser.parse_args()
    args.device, args.threads = 'cpu', 1
    files = [read_captions(args.folder / f'train_{suffix}.json') for suffix in args.suffixes]
    captions = [[file.get(name, '') for file in files] for name in files[0]]
    np.random.seed(0)
    seen: set[bytes] = set()
    total_drawn = 0
    rows: list[dict[str, Any]] = []
    for epoch in range(1, args.epochs + 1):
        drawn, different, new, computed = draw_epoch(captions, seen, args.batch_size)
        total_drawn += drawn
        if epoch in SHOWN:
            rows.append(
                {
                    'epoch': epoch,
                    'captions drawn': drawn,
                    'different': different,
                    'new': new,
                    'new / drawn': new / drawn,
                    'so far: new / drawn': len(seen) / total_drawn,
                    'tokens computed a triplet': computed / len(captions),
                }
            )
    common.report(f'Captions of {args.folder.name}', rows, args)


if __name__ == '__main__':
    main()
