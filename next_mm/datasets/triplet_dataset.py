"""The base of all datasets: splits, labels and captions joined to triplets."""
from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from next_mm.structures import MODALITIES, NUM_MODALITIES, TripletRecord

from .caption_join import caption_folder, join_captions
from .listing import Problem, Triplet, missing_partners, refuse
from .picture_cache import cache_pictures
from .seeding import SeededIndex, seeded
from .statistics import statistics_table
from .transforms import TokenizeCaptions

SPLITS = ('train', 'test')


class TripletDataset(BaseDataset):
    """Triplets of pictures with identity, camera, scene and captions.

    A subclass says where its pictures lie and what their names mean (:meth:`find`). ``split='test'`` lists query and
    gallery together, each triplet with its flags; a picture that is in both is listed, and so encoded, once.

    Args:
        data_root: folder of the dataset.
        split: ``'train'`` or ``'test'``.
        caption_dir: folder of the caption files, relative to ``data_root`` or absolute; ``None`` leaves the captions out.
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
        ValueError: pictures without partner, names that cannot be read, a single identity to train on.
    """

    caption_names: ClassVar[Sequence[str]] = ('RGB', 'NI', 'TI')
    side_by_side: ClassVar[bool] = False
    folders: ClassVar[Sequence[str]] = ('RGB', 'NI', 'TI')
    example: ClassVar[str] = ''
    parts: ClassVar[dict[str, str]] = {}
    partners_required: ClassVar[bool] = True

    def __init__(self,
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
                 lazy_init: bool = False) -> None:
        self.split = split
        self.caption_dir = caption_dir
        self.captions_required = captions_required
        self.caption_quality = caption_quality
        self.missing_modalities = tuple(missing_modalities)
        self.cache_gib = cache_gib
        self.labels: np.ndarray = np.zeros(0, np.int64)  # of the identities, in the order of the list
        self.num_found = 0  # triplets on disk, sound or not
        self._check_options()
        super().__init__(
            data_root=data_root, pipeline=list(pipeline), metainfo=metainfo, indices=indices, serialize_data=serialize_data,
            lazy_init=lazy_init, test_mode=split == 'test', max_refetch=0)

    def _check_options(self) -> None:
        name = type(self).__name__
        if self.split not in SPLITS:
            raise ValueError(f'{name}: split should be one of {SPLITS}, got {self.split!r}')
        unknown = [modality for modality in self.missing_modalities if modality not in MODALITIES]
        if unknown or len(set(self.missing_modalities)) == NUM_MODALITIES:
            raise ValueError(f'{name}: missing_modalities should name at most two of {MODALITIES}, got {self.missing_modalities}')
        if not 0 <= self.caption_quality <= 1:
            raise ValueError(f'{name}: caption_quality should lie between 0 and 1, got {self.caption_quality}')

    # What a subclass says
    @abstractmethod
    def find(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        """List the triplets of one part of the dataset.

        Args:
            part: ``'train'``, ``'query'``, ``'gallery'`` or, where both are the same pictures, ``'test'``.

        Returns:
            The triplets as they lie on disk, sorted, and what is wrong with them.
        """

    @property
    def title(self) -> str:
        """Name for messages."""
        return type(self).__name__

    def split_parts(self) -> list[str]:
        """The parts that make up this split."""
        if self.split == 'train':
            return ['train']
        return [part for part in ('query', 'gallery', 'test') if part in self.parts]

    # Listing
    def find_split(self) -> tuple[list[TripletRecord], list[Problem]]:
        """List the records of this split without captions, and all that is wrong with its pictures."""
        records: list[TripletRecord] = []
        known: dict[tuple[str, int | str], TripletRecord] = {}
        problems: list[Problem] = []
        self.num_found = 0
        for part in self.split_parts():
            triplets, found = self.find(part)
            problems += found
            if self.partners_required:
                problems += missing_partners(triplets, {
                    modality: folder for modality, folder in zip(MODALITIES, self.folders) if modality not in self.missing_modalities})
            self.num_found += len(triplets) + len(found)
            if not triplets and not found:
                problems.append(Problem('no pictures', str(self.part_folder(part)), f'expected names like {self.example}'))
            for triplet in triplets:
                record = self._record(triplet, part)
                twin = known.setdefault((triplet.name, triplet.identity), record)
                if not _merge(twin, record):
                    records.append(record)
        return self._with_labels(records), problems

    def part_folder(self, part: str) -> str:
        """Folder of a part."""
        return os.path.join(self.data_root, self.parts.get(part, part))

    def _record(self, triplet: Triplet, part: str) -> TripletRecord:
        first, second, third = (None if modality in self.missing_modalities else path
                                for modality, path in zip(MODALITIES, triplet.img_paths))
        return TripletRecord(
            name=triplet.name, img_paths=(first, second, third), side_by_side=self.side_by_side, identity=triplet.identity, label=-1,
            camera=triplet.camera, scene=triplet.scene, is_query=part in ('query', 'test'), is_gallery=part in ('gallery', 'test'),
            captions=triplet.captions)

    @staticmethod
    def _with_labels(records: list[TripletRecord]) -> list[TripletRecord]:
        """Number the identities of the split in their sorted order, which is the same on every machine and rank."""
        labels = {identity: label for label, identity in enumerate(sorted({record['identity'] for record in records}))}
        for record in records:
            record['label'] = labels[record['identity']]
        return records

    def load_data_list(self) -> list[TripletRecord]:
        """List the records of this split, or say what is wrong with them."""
        records, problems = self.find_split()
        refuse(self.title, self.split, problems, self.num_found)
        identities = {record['identity'] for record in records}
        if self.split == 'train' and len(identities) < 2:
            raise ValueError(f'{self.title}: all {len(records)} training triplets show one identity ({next(iter(identities))}); '
                             'telling identities apart takes at least two')
        captions_found = self._join_captions(records)
        self._metainfo.update(
            num_identities=len(identities),
            cameras=sorted({record['camera'] for record in records}),
            scenes=sorted({record['scene'] for record in records}),
            has_captions=captions_found)
        synthetic = bool(self._metainfo.get('synthetic'))
        print_log('\n' + statistics_table(self.title, self.split, records, synthetic=synthetic), logger='current')
        return records

    def _join_captions(self, records: list[TripletRecord]) -> bool:
        if self.caption_dir is None:
            for record in records:
                record['captions'] = None
            return False
        return join_captions(
            records, folder=caption_folder(self.data_root, self.caption_dir), split=self.split, names=self.caption_names,
            title=self.title, required=self.captions_required, quality=self.caption_quality)

    # mmengine's interface
    def filter_data(self) -> list[TripletRecord]:
        """Keep every record; note the labels for the sampler, of the asked subset only."""
        labels = np.array([record['label'] for record in self.data_list], np.int64)
        if isinstance(self._indices, int):
            labels = labels[:self._indices] if self._indices >= 0 else labels[self._indices:]
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
                        caption for index in range(len(self)) for caption in self.get_data_info(index)['captions'] if caption)

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """Load one triplet; a :class:`SeededIndex` brings the seed of its random transforms."""
        self.full_init()
        if isinstance(idx, SeededIndex):
            with seeded(idx.seed):
                return self.prepare_data(int(idx))
        return self.prepare_data(idx)


def _merge(twin: TripletRecord, record: TripletRecord) -> bool:
    """Give a query's flag to its copy in the gallery or the other way round; ``False`` if the two are not copies of each other."""
    if twin is record or (twin['is_query'], twin['is_gallery']) in ((record['is_query'], record['is_gallery']), (True, True)):
        return False
    if not all(one == two or (one is not None and two is not None and os.path.getsize(one) == os.path.getsize(two))
               for one, two in zip(twin['img_paths'], record['img_paths'])):
        return False
    twin['is_query'] = twin['is_gallery'] = True
    return True
