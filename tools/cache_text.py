"""Encode a config's captions ahead: ``python tools/cache_text.py configs/next_rgbnt201.py``.

Testing then needs no text tower: set model.text to dict(type='CachedText', path=FOLDER). With --train the same holds
for training: every sentence subset that sampling can draw is encoded, so it serves any seed, any number of epochs, and
a resumed run. Kill it at any moment: started again it goes on. CLIPText reads the same folder as its cache
(model.text.cache.path).
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config

from next_mm.utils.command_line import add_config, command_line

if TYPE_CHECKING:
    from torch import Tensor

    from next_mm.datasets import TripletDataset
    from next_mm.models import CLIPText

CHUNK = 512


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


def dataset_configs(cfg: Config, *, train: bool) -> list[dict[str, Any]]:
    """The configs of the datasets whose captions are read, equal ones once."""
    loaders = ['val_dataloader', 'test_dataloader'] + (['train_dataloader'] if train else [])
    found: list[dict[str, Any]] = []
    for loader in loaders:
        if cfg.get(loader) and cfg[loader].dataset not in found:
            found.append(cfg[loader].dataset)
    return found


def list_captions(dataset: TripletDataset) -> Iterator[Tensor]:
    """Yield the tokens (1, 3, L) of all texts that the dataset's pipeline can give, three at a time."""
    import torch

    from next_mm.captions.sentences import split_sentences
    from next_mm.datasets.transforms import SampleSentences, TokenizeCaptions, TripletTransform

    steps = {type(step): step for step in dataset.pipeline.transforms}
    if SampleSentences not in steps or TokenizeCaptions not in steps:
        raise SystemExit(
            f'{type(dataset).__name__}: its pipeline reads no captions (SampleSentences and TokenizeCaptions)'
        )
    whole = steps[SampleSentences].keep_prob == 1
    records = (dataset.get_data_info(index)['captions'] or () for index in range(len(dataset)))
    texts = {text for captions in records for text in captions if text}
    for step in dataset.pipeline.transforms:
        if isinstance(step, TripletTransform):  # a mirrored picture has a mirrored caption
            texts |= {step.update_caption(text) for text in texts}
    subsets = itertools.chain(
        [()], *(sentence_subsets(split_sentences(text), whole=whole) for text in sorted(texts))
    )  # (): no caption
    for three in iter(lambda: list(itertools.islice(subsets, 3)), []):
        three += [()] * (3 - len(three))
        yield torch.from_numpy(steps[TokenizeCaptions].transform({'sentences': [three]})['tokens'])


def sentence_subsets(sentences: tuple[str, ...], *, whole: bool) -> Iterable[tuple[str, ...]]:
    """All subsets of a caption's sentences but the empty one, in their order; or the whole caption alone."""
    if whole:
        return [sentences]
    sizes = range(1, len(sentences) + 1)
    return itertools.chain.from_iterable(itertools.combinations(sentences, size) for size in sizes)


def collect(cfg: Config, args: argparse.Namespace) -> Tensor:
    """Tokens (C, L) of all different texts, sorted, so that texts that begin alike are encoded together."""
    import torch

    from next_mm.registry import DATASETS

    rows: set[bytes] = set()
    for config in dataset_configs(cfg, train=args.train):
        for tokens in list_captions(DATASETS.build(config)):
            rows.update(row.numpy().tobytes() for row in tokens.flatten(0, 1))
            if len(rows) > args.max_captions:
                raise SystemExit(
                    f'more than {args.max_captions} texts: raise --max-captions (a text takes 2 KiB with ViT-B/16), or train '
                    'with CLIPText, whose cache keeps what fits and encodes the rest'
                )
    tokens = torch.stack([torch.frombuffer(bytearray(row), dtype=torch.int32) for row in rows])
    order = sorted(range(len(tokens)), key=tokens.tolist().__getitem__)
    return tokens[order]


def encode(encoder: CLIPText, tokens: Tensor) -> int:
    """Encode what the encoder's cache does not hold, and return how many captions that were."""
    from rich.progress import track

    before = len(encoder.cache)
    for chunk in track(tokens.split(CHUNK), description='captions'):
        encoder(chunk)
    encoder.cache.flush()
    return len(encoder.cache) - before


@command_line
def main() -> None:
    """Encode the captions."""
    args = parse_args()
    import torch  # late, so that --help is quick

    from next_mm import apis
    from next_mm.models.text.embedding_file import list_files
    from next_mm.registry import MODELS

    cfg = apis.load_config(args.config, args.cfg_options)
    if (cfg.model.get('text') or {}).get('type') != 'CLIPText':
        raise SystemExit(f'{args.config}: model.text is not CLIPText: there is no text tower to encode with')
    apis.prepare(cfg)
    tokens = collect(cfg, args)
    out = args.out or Path(cfg.test_dataloader.dataset.data_root) / 'caption_features'
    out.mkdir(parents=True, exist_ok=True)
    cfg.model.text.cache = dict(path=str(out), max_entries=args.max_captions + len(tokens))
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    encoder = MODELS.build(cfg.model.text).to(device)
    new = encode(encoder, tokens)
    size = sum(file.stat().st_size for file in list_files(out)) / 2**20
    print(
        f'{len(tokens)} texts, {new} of them new; {out} holds {len(encoder.cache)} of this text tower, {size:.0f} MiB.\n'
        f'Use them with --cfg-options model.text._delete_=True model.text.type=CachedText model.text.path={out}'
    )


if __name__ == '__main__':
    main()
