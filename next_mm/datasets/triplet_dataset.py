"""The base of all datasets: splits, labels and captions joined to triplets."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from next_mm.captions.files import caption_paths
from next_mm.datasets.caption_join import join_captions
from next_mm.datasets.picture_cache import cache_pictures
from next_mm.datasets.seeding import SeededIndex, seeded
from next_mm.datasets.statistics import statistics_table
from next_mm.datasets.transforms import LoadTriplet, TokenizeCaptions
from next_mm.errors import ConfigError
from next_mm.layouts import Problem, TripletLayout
from next_mm.triplet import TripletRecord
from next_mm.utils.options import check_number
from next_mm.utils.text import printable


class TripletDataset(BaseDataset):
    """Triplets of pictures with identity, camera, scene and captions; a subclass names the layout that they lie in.

    Args:
        split: ``'train'`` or ``'test'``.
        caption_dir: folder of the caption files, relative to ``data_root`` or absolute;
            ``None`` leaves the captions out.
        captions_required: whether it is an error that there are none.
        caption_quality: share of the words of a caption that stay, the others become noise words (Table V).
        cache_gib: GiB of memory for decoded and resized pictures, shared by the workers; 0 keeps none.
        pipeline: transforms.
        metainfo: further facts, such as ``synthetic``.
        indices: the first ``indices`` triplets, or these, only.
        serialize_data: keep the list in one block of bytes that workers share.
        lazy_init: list nothing before :meth:`full_init`.
        **layout: the other options of the layout, such as ``data_root`` and ``missing_modalities``
            (:class:`next_mm.layouts.TripletLayout`).

    Raises:
        FileNotFoundError: no pictures, or no captions where they are required.
        ConfigError: an option is out of range.
        DataError: pictures without partner, names that cannot be read, a single identity to train on.
    """

    layout_class: ClassVar[type[TripletLayout]]
    load: LoadTriplet
    """How the pipeline loads pictures; for whoever shows or checks them."""

    def __init__(
        self,
        *,
        split: str = 'train',
        caption_dir: str | None = 'text',
        captions_required: bool = False,
        caption_quality: float = 1.0,
        cache_gib: float = 0.0,
        pipeline: Sequence[dict | Callable] = (),
        metainfo: dict | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
        **layout: Any,
    ) -> None:
        check_number(f'{type(self).__name__}.caption_quality', caption_quality, 0, 1)
        check_number(f'{type(self).__name__}.cache_gib', cache_gib, 0)
        synthetic = (metainfo or {}).get('synthetic', False)
        if not isinstance(synthetic, bool):
            raise ConfigError(f'{type(self).__name__}.metainfo.synthetic={synthetic!r}: expected True or False')
        self.layout = self.layout_class(split=split, **layout)
        self.caption_dir = caption_dir
        self.captions_required = captions_required
        self.caption_quality = caption_quality
        self.cache_gib = cache_gib
        self.labels: np.ndarray = np.zeros(0, np.int64)  # of the identities, in the order of the list
        super().__init__(
            data_root=self.layout.data_root,
            pipeline=list(pipeline),
            metainfo=metainfo,
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
            test_mode=split == 'test',
            max_refetch=0,
        )
        loads = (step for step in self.pipeline.transforms if isinstance(step, LoadTriplet))
        self.load = next(loads, LoadTriplet())

    @classmethod
    def passes_options_to(cls) -> type[TripletLayout]:
        """The class that takes the options beside the dataset's own."""
        return cls.layout_class

    @property
    def title(self) -> str:
        """Name for messages."""
        return type(self).__name__

    @property
    def split(self) -> str:
        """``'train'`` or ``'test'``."""
        return self.layout.split

    @property
    def caption_files(self) -> list[Path] | None:
        """Paths of the split's caption files in the order of the modalities; ``None`` if captions are left out."""
        if self.caption_dir is None:
            return None
        return caption_paths(os.path.join(self.layout.data_root, self.caption_dir), self.split)

    def load_data_list(self) -> list[TripletRecord]:
        """List the records of this split, or say what is wrong with them."""
        records, problems = self.layout.find_split()
        self.layout.refuse_unsound(records, problems)
        self._warn(problems)
        captions_found = self._join_captions(records)
        self._metainfo.update(
            num_identities=len({record['identity'] for record in records}),
            cameras=sorted({record['camera'] for record in records}),
            scenes=sorted({record['scene'] for record in records}),
            has_captions=captions_found,
        )
        synthetic = bool(self._metainfo.get('synthetic'))
        print_log('\n' + statistics_table(self.title, self.split, records, synthetic=synthetic), logger='current')
        return records

    def _warn(self, problems: Sequence[Problem]) -> None:
        """Log each kind of problem that is not fatal, how often it comes and where first."""
        kinds = Counter(problem.kind for problem in problems)
        for kind, count in kinds.items():
            first = next(problem for problem in problems if problem.kind == kind)
            where = printable(f'{first.where} ({first.detail})' if first.detail else first.where)
            message = f'{self.title}, {self.split} split: {kind}: {count}, first: {where}.'
            print_log(f'{message} Run tools/check_dataset.py for the list.', logger='current', level=logging.WARNING)

    def _join_captions(self, records: list[TripletRecord]) -> bool:
        if self.caption_files is None:
            for record in records:
                record['captions'] = None
            return False
        return join_captions(
            records,
            files=self.caption_files,
            split=self.split,
            title=self.title,
            required=self.captions_required,
            quality=self.caption_quality,
        )

    # mmengine's interface
    def filter_data(self) -> list[TripletRecord]:
        """Keep every record; note the labels for the sampler, of the asked subset only."""
        labels = np.array([record['label'] for record in self.data_list], np.int64)
        if isinstance(self._indices, int):
            labels = labels[: self._indices] if self._indices >= 0 else labels[self._indices :]
        elif self._indices is not None:
            labels = labels[list(self._indices)]
        self.labels = labels
        return self.data_list

    def full_init(self) -> None:
        """List the data once, tokenise its captions and lay out the cache of pictures, all before the workers start."""
        if self._fully_initialized:
            return
        super().full_init()
        if self.cache_gib:
            self.pipeline.transforms = cache_pictures(self.pipeline.transforms, len(self), self.cache_gib)
        if self._metainfo['has_captions']:
            for transform in self.pipeline.transforms:
                if isinstance(transform, TokenizeCaptions):
                    transform.attach(
                        caption
                        for index in range(len(self))
                        for caption in self.get_data_info(index)['captions']
                        if caption
                    )

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """Load one triplet; a :class:`SeededIndex` brings the seed of its random transforms."""
        self.full_init()
        if isinstance(idx, SeededIndex):
            with seeded(idx.seed):
                return self.prepare_data(int(idx))
        return self.prepare_data(idx)
