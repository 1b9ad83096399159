"""The base of all datasets: splits, labels and captions joined to triplets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from next_mm.datasets.caption_join import caption_folder, join_captions
from next_mm.datasets.picture_cache import cache_pictures
from next_mm.datasets.seeding import SeededIndex, seeded
from next_mm.datasets.statistics import statistics_table
from next_mm.datasets.transforms import TokenizeCaptions
from next_mm.errors import ConfigError
from next_mm.layouts import TripletLayout
from next_mm.triplet import TripletRecord


class TripletDataset(TripletLayout, BaseDataset):
    """Triplets of pictures with identity, camera, scene and captions.

    A subclass brings the layout (:class:`next_mm.layouts.TripletLayout`), whose records are joined with captions here.

    Args:
        data_root: folder of the dataset.
        split: ``'train'`` or ``'test'``.
        caption_dir: folder of the caption files, relative to ``data_root`` or absolute;
            ``None`` leaves the captions out.
        captions_required: whether it is an error that there are none.
        caption_quality: share of the words of a caption that stay, the others become noise words (Table V).
        missing_modalities: modalities that count as absent, whether they are on disk or not.
        cache_gib: GiB of memory for decoded and resized pictures, shared by the workers; 0 keeps none.
        pipeline: transforms.
        metainfo: further facts, such as ``synthetic``.
        indices: the first ``indices`` triplets, or these, only.
        serialize_data: keep the list in one block of bytes that workers share.
        lazy_init: list nothing before :meth:`full_init`.

    Raises:
        FileNotFoundError: no pictures, or no captions where they are required.
        ConfigError: an option is out of range.
        DataError: pictures without partner, names that cannot be read, a single identity to train on.
    """

    caption_names: ClassVar[Sequence[str]] = ('RGB', 'NI', 'TI')

    def __init__(
        self,
        *,
        data_root: str,
        split: str = 'train',
        caption_dir: str | None = 'text',
        captions_required: bool = False,
        caption_quality: float = 1.0,
        missing_modalities: Sequence[str] = (),
        cache_gib: float = 0.0,
        pipeline: Sequence[dict | Callable] = (),
        metainfo: dict | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ) -> None:
        super().__init__(data_root=data_root, split=split, missing_modalities=missing_modalities)
        if not 0 <= caption_quality <= 1:
            raise ConfigError(f'{self.title}: caption_quality should lie between 0 and 1, got {caption_quality}')
        self.caption_dir = caption_dir
        self.captions_required = captions_required
        self.caption_quality = caption_quality
        self.cache_gib = cache_gib
        self.labels: np.ndarray = np.zeros(0, np.int64)  # of the identities, in the order of the list
        BaseDataset.__init__(
            self,
            data_root=data_root,
            pipeline=list(pipeline),
            metainfo=metainfo,
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
            test_mode=split == 'test',
            max_refetch=0,
        )

    def load_data_list(self) -> list[TripletRecord]:
        """List the records of this split, or say what is wrong with them."""
        records = self.list_records()
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

    def _join_captions(self, records: list[TripletRecord]) -> bool:
        if self.caption_dir is None:
            for record in records:
                record['captions'] = None
            return False
        return join_captions(
            records,
            folder=caption_folder(self.data_root, self.caption_dir),
            split=self.split,
            names=self.caption_names,
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
