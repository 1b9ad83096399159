"""Fill the folder tree of a public dataset with synthetic pictures, under real names where caption files give them.

python -m projects.synthetic.fill_layout rgbnt201 --captions CAPTIONS/RGBNT201 --out data/RGBNT201
python -m projects.synthetic.fill_layout market_mm --out data/Market-1501-RGBNT
"""

from __future__ import annotations

import argparse
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from next_mm.captions import caption_path, caption_paths, write_captions
from next_mm.errors import DataError
from next_mm.triplet import MODALITIES
from next_mm.utils.command_line import command_line
from projects.synthetic.attributes import (
    CAMERAS,
    CAPTURE_TIMES,
    Environment,
    rng_for,
    sample_environment,
    sample_identity,
)
from projects.synthetic.captions import captions_for
from projects.synthetic.dataset import write_jpeg
from projects.synthetic.layouts import LAYOUTS, Layout, caption_names, made_up_names
from projects.synthetic.render import Triplet, render_triplet, render_vehicle
from projects.synthetic.vehicle import describe_vehicle, sample_vehicle

_CHUNK = 64
_VIEWS = ('front', 'side', 'back', 'side')
NOTICE = 'SYNTHETIC.txt'


def fill_layout(
    dataset: str,
    out: Path,
    *,
    captions: Path | None = None,
    size: tuple[int, int] | None = None,
    quality: int = 90,
    workers: int = 2,
    limit: int | None = None,
) -> dict[str, int]:
    """Write synthetic pictures, and captions beside them, in a dataset's own layout.

    Who and what a picture shows follows from its name alone: one identity looks the same under all its names.

    Args:
        dataset: one of :data:`projects.synthetic.layouts.LAYOUTS`.
        out: a new or empty folder.
        captions: folder of released caption files, which give names and are copied; ``None`` makes up
            both at the real counts.
        size: height and width of a picture in pixels; ``None`` is the real dataset's.
        quality: of the JPEG files.
        workers: processes.
        limit: at most so many triplets of each part.

    Returns:
        Number of triplets in each part.

    Raises:
        FileExistsError: ``out`` has files in it, which might be real.
    """
    layout = LAYOUTS[dataset]
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(
            f'{out} is not empty; name a new folder, so that real pictures are not mixed with synthetic ones'
        )
    parts = caption_names(layout, captions) if captions is not None else made_up_names(layout)
    parts = {part: names[:limit] for part, names in parts.items()}
    _make_folders(layout, out, parts)
    jobs = [
        (part, names[start : start + _CHUNK]) for part, names in parts.items() for start in range(0, len(names), _CHUNK)
    ]
    (out / NOTICE).write_text(
        f'Synthetic pictures, rendered by projects/synthetic in the layout of {dataset}; none shows a real scene.\n'
    )
    work = partial(_write_chunk, layout, out, size or layout.size, quality)
    with _mapping(workers) as mapping:
        for _ in track(mapping(work, jobs), total=len(jobs), description=f'Filling {out} (synthetic)'):
            pass
    _write_captions(layout, out, parts, captions)
    return {part: len(names) for part, names in parts.items()}


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterable]]:
    """``map`` over so many processes; over one, in this process.

    Processes are spawned: a forked one would hang on the locks of OpenCV's threads, which are not forked with it.
    """
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, get_context('spawn'), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield pool.map


def _make_folders(layout: Layout, out: Path, parts: dict[str, list[str]]) -> None:
    for part, names in parts.items():
        for folder in {
            _paths(layout, out, part, name)[index].parent for name in names for index in range(len(MODALITIES))
        }:
            folder.mkdir(parents=True, exist_ok=True)


def _paths(layout: Layout, out: Path, part: str, name: str) -> tuple[Path, Path, Path]:
    """Where the three pictures of a triplet go; the same file three times where they lie side by side."""
    home = out / layout.folder(part)
    if layout.base.side_by_side:
        return home / name, home / name, home / name
    if layout.base.by_identity:
        home = home / name.split('_')[0]
    rgb, nir, tir = (home / folder / name for folder in layout.base.folders)
    return rgb, nir, tir


def _write_chunk(
    layout: Layout, out: Path, size: tuple[int, int], quality: int, job: tuple[str, Sequence[str]]
) -> None:
    part, names = job
    for name in names:
        pictures, _ = draw(layout, name, size)
        if layout.base.side_by_side:
            write_jpeg(_paths(layout, out, part, name)[0], np.concatenate(pictures, axis=1), quality)
        else:
            for path, picture in zip(_paths(layout, out, part, name), pictures):
                write_jpeg(path, picture, quality)


def draw(
    layout: Layout, name: str, size: tuple[int, int], *, pixels: bool = True
) -> tuple[Triplet | None, dict[str, str]]:
    """Render the triplet of a name and caption it.

    Args:
        layout: the dataset's.
        name: file name; identity, camera and night flag are read from it, all else is drawn from it.
        size: height and width in pixels.
        pixels: without, only the captions are made.

    Returns:
        The pictures or ``None``, and the captions by modality.
    """
    facts = layout.base.read_name(name)
    if facts is None:
        raise DataError(f'{name}: not a name of this dataset')
    night = layout.night.search(name) if layout.night else None
    identity, camera = facts['identity'], facts['camera']
    rng = rng_for(zlib.crc32(name.encode()))
    environment = sample_environment(rng, CAMERAS[camera % len(CAMERAS)])
    # Distractors and junk (0 and -1) are many people.
    owner = rng_for(identity) if identity > 0 else rng_for(0, zlib.crc32(name.encode()))
    if not layout.vehicle:
        person = sample_identity(owner)
        return render_triplet(person, environment, size) if pixels else None, captions_for(person, environment, rng)
    vehicle = sample_vehicle(owner)
    environment = _vehicle_environment(environment, camera, night.group(1) if night else None)
    captions = {
        modality: describe_vehicle(
            vehicle,
            view=environment.view,
            night=environment.capture_time == 'nighttime',
            clarity=damage.clarity,
            colored=modality == 'rgb',
        )
        for modality, damage in zip(MODALITIES, environment.damage)
    }
    return render_vehicle(vehicle, environment, size) if pixels else None, captions


def _vehicle_environment(environment: Environment, view: int, night: str | None) -> Environment:
    """The view of a vehicle is its camera number; the night flag, where a name has one, is kept."""
    time = environment.capture_time if night is None else CAPTURE_TIMES[int(night) % 2]
    return replace(environment, view=_VIEWS[view % len(_VIEWS)], capture_time=time, bystander=None)


def _write_captions(layout: Layout, out: Path, parts: dict[str, list[str]], released: Path | None) -> None:
    text = out / 'text'
    text.mkdir()
    for split, members in (('train', ('train',)), ('test', ('query', 'gallery'))):
        if released is not None:
            for path, copy in zip(caption_paths(released, split), caption_paths(text, split)):
                shutil.copyfile(path, copy)
            continue
        names = sorted({name for part in members for name in parts.get(part, [])})
        captions = {name: draw(layout, name, layout.size, pixels=False)[1] for name in names}
        for modality in MODALITIES:
            write_captions(caption_path(text, split, modality), ((name, captions[name][modality]) for name in names))


@command_line
def main() -> None:
    """Read the command line and fill."""
    parser = argparse.ArgumentParser(
        prog='python -m projects.synthetic.fill_layout', description='Synthetic pictures in a real layout.'
    )
    parser.add_argument('dataset', choices=sorted(LAYOUTS))
    parser.add_argument('--out', type=Path, required=True, help='a new folder, e.g. data/RGBNT201')
    parser.add_argument(
        '--captions', type=Path, help='folder of {train,test}_{RGB,NI,TI}.json; without it all is made up'
    )
    parser.add_argument(
        '--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'), help="of a picture in pixels (default: the dataset's)"
    )
    parser.add_argument('--quality', type=int, default=90, help='of the JPEG files (default: 90)')
    parser.add_argument('--workers', type=int, default=min(2, os.cpu_count() or 1), help='processes (default: 2)')
    parser.add_argument('--limit', type=int, help='at most so many triplets of each part, for a quick look')
    args = parser.parse_args()
    counts = fill_layout(
        args.dataset,
        args.out,
        captions=args.captions,
        size=tuple(args.size) if args.size else None,
        quality=args.quality,
        workers=args.workers,
        limit=args.limit,
    )
    print(f'{args.out} (synthetic): ' + ', '.join(f'{count} {part}' for part, count in counts.items()))


if __name__ == '__main__':
    main()
