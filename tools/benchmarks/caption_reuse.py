"""How many of an epoch's captions are new: ``python tools/benchmarks/caption_reuse.py data/RGBNT201/text``.

Draws the sentence subsets of training (Eq. 4) for each epoch, as SampleSentences does, and counts the different texts and those that
no earlier epoch had: what the text tower must encode with an unbounded cache. ``tools/cache_text.py CONFIG --train`` makes all
of them known.
"""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import numpy as np

from next_mm.captions import read_captions
from next_mm.datasets.transforms import SampleSentences

SHOWN = (1, 2, 3, 5, 10, 20, 30, 50)


def draw_epoch(captions: list[list[str]], sampler: SampleSentences) -> tuple[int, set[tuple[str, ...]]]:
    """Draw every triplet once; returns the number of draws and the different texts."""
    drawn = 0
    texts = set()
    for triplet in captions:
        subsets = sampler.transform({'captions': triplet, 'img_paths': triplet})['sentences']
        texts.update(sentences for subset in subsets for sentences in subset)
        drawn += sum(map(len, subsets))
    return drawn, texts


def main() -> None:
    """Draw, count, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='folder of caption files')
    parser.add_argument('--suffixes', nargs=3, default=['RGB', 'NI', 'TI'], help='of the three files train_*.json')
    parser.add_argument('--epochs', type=int, default=50)
    parser.add_argument('--out', type=Path, help='JSON file to write')
    args = parser.parse_args()
    args.device, args.threads = 'cpu', 1
    files = [read_captions(args.folder / f'train_{suffix}.json') for suffix in args.suffixes]
    captions = [[file.get(name, '') for file in files] for name in files[0]]
    np.random.seed(0)
    sampler = SampleSentences()
    seen: set[tuple[str, ...]] = set()
    total_drawn = 0
    rows: list[dict[str, Any]] = []
    for epoch in range(1, args.epochs + 1):
        drawn, texts = draw_epoch(captions, sampler)
        new = len(texts - seen)
        seen |= texts
        total_drawn += drawn
        if epoch in SHOWN:
            rows.append({'epoch': epoch, 'captions drawn': drawn, 'different': len(texts), 'new': new, 'new / drawn': new / drawn,
                         'so far: new / drawn': len(seen) / total_drawn})
    common.report(f'Captions of {args.folder.name}', rows, args)


if __name__ == '__main__':
    main()
