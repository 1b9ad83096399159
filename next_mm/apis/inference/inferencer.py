"""Features of own pictures in three lines, by mmengine's calling convention."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from mmengine.registry import init_default_scope
from rich.progress import track

from next_mm.apis.inference.backends import Backend, TorchBackend
from next_mm.apis.inference.bundle import load_bundle
from next_mm.apis.inference.inputs import Colour, TripletInput, check_colour, expand_inputs, load_pictures, parse_input
from next_mm.errors import ConfigError, DataError
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace, InputError
from next_mm.structures import ReIDDataSample
from next_mm.triplet import NUM_MODALITIES, UNKNOWN

__all__ = ['ReIDInferencer']

OnError = Literal['raise', 'skip']


class ReIDInferencer(BaseInferencer):
    """Features of triplets by a trained model.

    ``ReIDInferencer('model/')([dict(rgb='a.jpg', tir='b.jpg')])`` returns a :class:`FeatureSet`: unit features, and of
    which modalities and captions each was made.

    Args:
        model: a pack (``tools/pack_model.py``), the folder of a run, a config file, or an exported ``.onnx`` file.
        weights: the checkpoint of a config file.
        device: where the model runs; ``None`` takes the GPU where there is one.
        dtype: ``'float32'`` or ``'bfloat16'``.
        batch_size: triplets at a time.
        num_workers: threads that read and decode pictures beside the model.
        color: order of the channels of arrays, ``'rgb'`` or ``'bgr'`` (OpenCV's); files need none.

    Raises:
        ConfigError: see :func:`load_bundle`; or an option cannot be used.
        CheckpointError: see :func:`load_bundle`.
    """

    preprocess_kwargs: ClassVar[set[str]] = {'layout', 'on_error'}
    forward_kwargs: ClassVar[set[str]] = set()
    visualize_kwargs: ClassVar[set[str]] = set()
    postprocess_kwargs: ClassVar[set[str]] = set()

    def __init__(
        self,
        model: str | Path,
        weights: str | Path | None = None,
        *,
        device: str | None = None,
        dtype: str = 'float32',
        batch_size: int = 16,
        num_workers: int = 2,
        color: Colour = 'rgb',
    ) -> None:
        for name, value in (('batch_size', batch_size), ('num_workers', num_workers)):
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f'{name}={value!r}: expected a whole number from 1')
        check_colour(color)
        self.backend = _open(model, weights, device, dtype)
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.color = color
        self.pipeline = self._init_pipeline()
        self._levels = next(
            (step.get('levels') for step in self.backend.pipeline if step['type'] == 'LoadTriplet'), None
        )

    @property
    def space(self) -> FeatureSpace:
        """The feature space; galleries keep it."""
        return self.backend.space

    @property
    def card(self) -> dict[str, Any]:
        """Facts about the model for people."""
        return self.backend.card

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int | None = None,
        *,
        layout: Literal['triplet', 'side_by_side'] = 'triplet',
        on_error: OnError = 'raise',
        show_progress: bool = False,
    ) -> FeatureSet | list[ReIDDataSample]:
        """Return the features of inputs.

        Args:
            inputs: a dictionary (``rgb``, ``nir``, ``tir``: a path, bytes or an array; ``caption`` or ``caption_rgb``
                and so on; ``id``; ``camera``), a tuple of three pictures with ``None`` for absent ones, a folder or
                list of own data, or an iterable of these.
            return_datasamples: return data samples with their ``feature`` instead.
            batch_size: triplets at a time.
            layout: ``'side_by_side'`` where one picture holds the three.
            on_error: with ``'skip'`` an input that cannot be used is left out and listed in ``errors``.
            show_progress: show a progress bar.

        Raises:
            DataError: an input that cannot be used, with ``on_error='raise'``; two inputs of one id.
        """
        parts = list(self.stream(inputs, batch_size, layout=layout, on_error=on_error, show_progress=show_progress))
        features = join_features(self.space, parts)
        if return_datasamples:
            return self.postprocess(features)
        return features

    def stream(
        self,
        inputs: Any,
        batch_size: int | None = None,
        *,
        layout: Literal['triplet', 'side_by_side'] = 'triplet',
        on_error: OnError = 'raise',
        show_progress: bool = False,
    ) -> Iterator[FeatureSet]:
        """Yield the features of inputs batch by batch, in bounded memory; arguments as in :meth:`__call__`."""
        if on_error not in ('raise', 'skip'):
            raise ConfigError(f"on_error={on_error!r}: expected 'raise' or 'skip'")
        total = len(inputs) if isinstance(inputs, (list,)) else None
        size = batch_size or self.batch_size
        chunks: Iterable[list[tuple[TripletInput, Any]]] = self.preprocess(
            inputs, size, layout=layout, on_error=on_error
        )
        if show_progress:
            chunks = track(chunks, description='features', total=None if total is None else -(-total // size))
        for chunk in chunks:
            yield self.forward(chunk)

    # --- mmengine's steps

    def preprocess(
        self, inputs: Any, batch_size: int = 1, *, layout: str = 'triplet', on_error: OnError = 'raise', **kwargs: Any
    ) -> Iterator[list[tuple[TripletInput, Any]]]:
        """Yield batches of inputs with their packed pictures, or the reason why there are none; threads read ahead."""
        values = enumerate(expand_inputs(inputs))
        with ThreadPoolExecutor(self.num_workers) as pool:
            waiting: deque[Future] = deque()

            def fill() -> None:
                for number, value in islice(values, 2 * batch_size + self.num_workers - len(waiting)):
                    waiting.append(pool.submit(self.prepare, value, number, layout, on_error))

            fill()
            try:
                while waiting:
                    chunk = [waiting.popleft().result() for _ in range(min(batch_size, len(waiting)))]
                    fill()
                    yield chunk
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def prepare(
        self, value: Any, number: int = 0, layout: Any = 'triplet', on_error: OnError = 'raise'
    ) -> tuple[TripletInput | str, Any]:
        """Return an input and its packed pictures, or its name and what is wrong with it."""
        name = f'{number:08d}'
        try:
            triplet = parse_input(value, number, layout)
            name = triplet.id
            images = load_pictures(triplet, colour=self.color, levels=self._levels)
            return triplet, self.pipeline(self._record(triplet, images))
        except DataError as error:
            if on_error == 'raise':
                raise
            return name, error

    def _record(self, triplet: TripletInput, images: list[np.ndarray | None]) -> dict[str, Any]:
        """Return what the pipeline reads of a triplet; an absent caption is an empty one, so that batches are alike."""
        captions = tuple(caption or '' for caption in triplet.captions) if self.backend.reads_captions else None
        if captions is None and any(triplet.captions):
            warnings.warn(f'{self.space.model} reads no captions: those given are not used', stacklevel=2)
        return {
            'imgs': images,
            'img_paths': tuple('' if image is not None else None for image in images),
            'side_by_side': False,
            'sample_idx': 0,
            'name': triplet.id,
            'identity': '',
            'label': UNKNOWN,
            'camera': triplet.camera,
            'scene': UNKNOWN,
            'is_query': False,
            'is_gallery': False,
            'captions': captions,
        }

    def forward(self, inputs: list[tuple[TripletInput, Any]], **kwargs: Any) -> FeatureSet:  # type: ignore[override]
        """Return the features of a batch that :meth:`preprocess` made."""
        errors = [InputError(str(name), str(why)) for name, why in inputs if isinstance(why, DataError)]
        good = [(triplet, packed) for triplet, packed in inputs if not isinstance(packed, DataError)]
        if not good:
            return join_features(self.space, [], errors)
        features, text_free = self.backend.encode([packed for _, packed in good])
        samples = [packed['data_samples'] for _, packed in good]
        has_text = [np.asarray(sample.get('has_text', np.zeros(NUM_MODALITIES, bool)), bool) for sample in samples]
        return FeatureSet(
            self.space,
            [triplet.id for triplet, _ in good],
            features,
            np.stack([np.asarray(sample.present, bool) for sample in samples]),
            np.stack(has_text),
            text_free,
            [triplet.source for triplet, _ in good],
            errors,
        ).checked()

    def postprocess(  # type: ignore[override]
        self, preds: FeatureSet, *args: Any, **kwargs: Any
    ) -> list[ReIDDataSample]:
        """Return data samples with their ``feature`` (F,)."""
        import torch

        samples = []
        for row, name in enumerate(preds.ids):
            sample = ReIDDataSample(metainfo={'name': name, 'sample_idx': row})
            sample.feature = torch.from_numpy(preds.features[row])
            sample.present = preds.parts[row]
            samples.append(sample)
        return samples

    def visualize(self, inputs: Any, preds: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Draw nothing: a feature is no picture."""

    def _init_pipeline(self, cfg: Any = None) -> Compose:
        """Build the test pipeline without its first step, which reads files: inputs are read here."""
        init_default_scope(self.backend.scope)
        return Compose([step for step in self.backend.pipeline if step['type'] != 'LoadTriplet'])


def join_features(space: FeatureSpace, parts: list[FeatureSet], errors: Iterable[InputError] = ()) -> FeatureSet:
    """Return the rows of several sets as one.

    Raises:
        DataError: two rows have one id.
    """
    joined = FeatureSet.join(space, parts)
    if len(set(joined.ids)) != len(joined):
        twice = next(name for name in joined.ids if joined.ids.count(name) > 1)
        raise DataError(f'two inputs have the id {twice!r}; give each its own')
    return replace(joined, errors=[*errors, *joined.errors])


def _open(model: str | Path, weights: str | Path | None, device: str | None, dtype: str) -> Backend:
    if str(model).endswith('.onnx'):
        if weights is not None:
            raise ConfigError(
                f'{model}: an exported file has its weights inside; expected none beside it, got {weights}'
            )
        from next_mm.apis.inference.onnx_backend import OnnxBackend  # an optional dependency

        return OnnxBackend(Path(model), device=device, dtype=dtype)
    return TorchBackend(load_bundle(model, weights), device=device, dtype=dtype)
