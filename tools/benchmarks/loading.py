"""Loading: our training pipeline, with and without the cache of decoded pictures, against PIL +
torchvision as the peers have it.

Same files, batch size and workers; rounds are interleaved and the medians compared. Without ``--data-root`` it writes
its own files first: smooth random pictures as JPEG, in RGBNT201's layout.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import interleave, make_jpeg, report
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms

PEERS = 'PIL + torchvision'
SIZE = (256, 128)
SENTENCES = (
    'An adult seen from the side during daytime in normal lighting.',
    'The person wears a dark jacket with blue trousers.',
    'Short hair and not wearing glasses.',
    'There is a backpack.',
    'The image appears clear.',
)
PIPELINE = [
    dict(type='LoadTriplet'),
    dict(type='ResizeTriplet', size=SIZE),
    dict(type='FlipTriplet'),
    dict(type='PadCropTriplet', padding=10),
    dict(type='EraseTriplet'),
    dict(type='SampleSentences'),
    dict(type='TokenizeCaptions'),
    dict(type='PackTriplet'),
]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-root', help='a dataset in the layout of RGBNT201 (default: make one)')
    parser.add_argument('--triplets', type=int, default=768, help='triplets to make (default: 768)')
    parser.add_argument(
        '--picture', type=int, nargs=2, default=SIZE, metavar=('H', 'W'), help='size of the made pictures on disk'
    )
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument(
        '--repeats', type=int, default=7, help='rounds, after one that starts workers and fills the cache'
    )
    parser.add_argument(
        '--text', action='store_true', help='tokenise captions as well (the PIL pipeline does so at every draw)'
    )
    parser.add_argument(
        '--startup',
        type=int,
        nargs='?',
        const=18965,
        metavar='FILES',
        help="time the start-up of a dataset of RGBNT100's size (18,965 files) instead",
    )
    parser.add_argument('--out', type=Path, help='JSON file for the figures')
    args = parser.parse_args()
    args.device, args.threads = 'cpu', 1
    return args


def make_files(root: Path, count: int, size: tuple[int, int]) -> None:
    """Write triplets of smooth random pictures and captions."""
    generator = np.random.default_rng(0)
    names = [f'{number // 8:06d}_cam{number % 4 + 1}_0_{number % 8:02d}.jpg' for number in range(count)]
    (root / 'text').mkdir(parents=True)
    for folder in ('RGB', 'NI', 'TI'):
        (root / 'train_171' / folder).mkdir(parents=True)
        for name in names:
            (root / 'train_171' / folder / name).write_bytes(make_jpeg(generator, size))
        captions = [dict(item=name, description=' '.join((f'Picture {name}.', *SENTENCES))) for name in names]
        (root / 'text' / f'train_{folder}.json').write_text(json.dumps(captions))


class PeerTriplets:
    """What the peers do: PIL, torchvision's transforms for each picture, erasing in floats, captions
    tokenised at every draw.

    Args:
        records: our own records of the same files.
        text: whether to tokenise captions.
    """

    def __init__(self, records: list[dict], text: bool) -> None:
        mean = std = (0.5, 0.5, 0.5)
        bicubic = transforms.InterpolationMode.BICUBIC
        self.records, self.text = records, text
        self.transform = transforms.Compose(
            [
                transforms.Resize(SIZE, interpolation=bicubic),
                transforms.RandomHorizontalFlip(0.5),
                transforms.Pad(10),
                transforms.RandomCrop(SIZE),
                transforms.ToTensor(),
                transforms.Normalize(mean, std),
                transforms.RandomErasing(0.5, scale=(0.02, 1 / 3), ratio=(0.3, 1 / 0.3), value='random'),
            ]
        )

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        record = self.records[index]
        sample = {
            'pictures': [self.transform(Image.open(path).convert('RGB')) for path in record['img_paths']],
            'label': record['label'],
            'camera': record['camera'],
        }
        if self.text:
            sample['tokens'] = _tokenizer()(list(record['captions']))
        return sample


@cache
def _tokenizer() -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()


def build_loaders(root: str, args: argparse.Namespace) -> dict[str, Any]:
    """Build the three loaders over the same files."""

    def ours(cache_gib: float) -> Any:
        return Runner.build_dataloader(
            dict(
                batch_size=args.batch_size,
                num_workers=args.workers,
                persistent_workers=args.workers > 0,
                collate_fn=dict(type='collate_triplets'),
                sampler=dict(type='DefaultSampler', shuffle=True),
                batch_sampler=dict(type='IdentityBatchSampler', num_instances=4),
                dataset=dict(
                    type='RGBNT201',
                    data_root=root,
                    cache_gib=cache_gib,
                    caption_dir='text' if args.text else None,
                    pipeline=PIPELINE,
                ),
            ),
            seed=0,
        )

    plain = ours(0)
    records = [plain.dataset.get_data_info(index) for index in range(len(plain.dataset))]
    if args.text:
        _tokenizer()
    peers = DataLoader(
        PeerTriplets(records, args.text),
        batch_size=args.batch_size,
        shuffle=True,
        num_workers=args.workers,
        persistent_workers=args.workers > 0,
        drop_last=True,
    )
    return {PEERS: peers, 'ours': plain, 'ours, cached': ours(8)}


def run_epoch(loader: Any) -> None:
    """Take every batch of an epoch."""
    for _ in loader:
        pass


def loading_rows(root: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Triplets a second of each pipeline; the ratio is the median over rounds of the ratio within a round."""
    loaders = build_loaders(root, args)
    triplets = {name: len(loader) * args.batch_size for name, loader in loaders.items()}
    seconds = interleave(
        {name: partial(run_epoch, loader) for name, loader in loaders.items()}, repeats=args.repeats, warmup=1
    )
    rates = {name: [triplets[name] / second for second in seconds[name].clock] for name in loaders}
    return [
        {
            'pipeline': name,
            'triplets/s': round(statistics.median(rates[name])),
            'ms a triplet': 1000 / statistics.median(rates[name]),
            'ratio': statistics.median(ours / peers for ours, peers in zip(rates[name], rates[PEERS])),
        }
        for name in loaders
    ]


def startup_rows(root: Path, files: int, repeats: int) -> list[dict[str, Any]]:
    """Seconds to build the training and the test dataset of RGBNT100's layout: names of files only,
    with and without captions."""
    from next_mm.datasets import RGBNT100

    names: dict[str, list[str]] = {}
    sizes = files * 8675 // 18965, files * 1715 // 18965, files * 8575 // 18965
    for part, count, first in zip(('bounding_box_train', 'query', 'bounding_box_test'), sizes, (1, 501, 501)):
        folder = root / 'rgbir' / part
        folder.mkdir(parents=True)
        names[part] = [f'{first + number % 50:04d}_c{number % 8:04d}_{number // 50:03d}.jpg' for number in range(count)]
        for name in names[part]:
            (folder / name).touch()
    (root / 'text').mkdir()
    for split, part in (('train', 'bounding_box_train'), ('test', 'bounding_box_test')):
        for folder in ('RGB', 'NI', 'TI'):
            captions = [dict(item=name, description=' '.join((f'Vehicle {name}.', *SENTENCES))) for name in names[part]]
            (root / 'text' / f'{split}_{folder}.json').write_text(json.dumps(captions))

    def build(caption_dir: str | None) -> None:
        for split in ('train', 'test'):
            RGBNT100(data_root=str(root), split=split, caption_dir=caption_dir, pipeline=PIPELINE)

    seconds = interleave(
        {'no captions': partial(build, None), 'captions tokenised': partial(build, 'text')}, repeats=repeats, warmup=1
    )
    return [
        {'start-up': name, 'files': files, 'seconds': statistics.median(values.clock)}
        for name, values in seconds.items()
    ]


def main() -> None:
    """Measure, print a table, write JSON."""
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    init_default_scope('next_mm')
    with tempfile.TemporaryDirectory() as folder:
        if args.startup:
            report(
                'Start-up of RGBNT100, training and test', startup_rows(Path(folder), args.startup, args.repeats), args
            )
            return
        if not args.data_root:
            make_files(Path(folder), args.triplets, tuple(args.picture))
        what = 'own files' if args.data_root else f'{args.picture[0]} x {args.picture[1]} JPEG'
        title = f'Loading, {what}, {args.workers} workers, {"with" if args.text else "no"} captions'
        report(title, loading_rows(args.data_root or folder, args), args)


if __name__ == '__main__':
    main()
