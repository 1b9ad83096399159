"""The tool with a lister and a token counter that load nothing: tests that start it many times would mostly wait for
them.

``stages/test_scan.py`` covers the real lister, ``tests/captions`` the real counter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from next_mm.captioning.context import Services
from next_mm.captioning.store import Picture
from tools.generate_captions import main


def list_pictures(
    dataset: dict[str, Any], splits: Sequence[str], custom_imports: dict[str, Any] | None = None
) -> Iterator[Picture]:
    """The pictures of a folder in RGBNT201's layout."""
    for split in splits:
        folder = Path(dataset['data_root']) / {'train': 'train_171', 'test': 'test'}[split]
        for path in sorted((folder / 'RGB').iterdir()):
            for modality, name in (('rgb', 'RGB'), ('nir', 'NI'), ('tir', 'TI')):
                yield Picture(split, path.name, modality, path.name[:6], str(folder / name / path.name), -1)


def count_words(text: str) -> int:
    """Words for tokens."""
    return len(text.split())


LIGHT = Services(list_pictures=list_pictures, count_tokens=count_words)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:], LIGHT))
