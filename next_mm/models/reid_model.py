"""The contract of a re-identification model: what runner, hooks, cost count, checks, inferencer and tests may read."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT
from next_mm.errors import ConfigError, DataError
from next_mm.models.heads import IdentityBranch
from next_mm.registry import MODELS
from next_mm.structures import ReIDDataSample, TripletBatch
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_integer, check_keys

__all__ = ['TEXT_ENCODER', 'MissingModalities', 'ReIDModel', 'check_branch']

TEXT_ENCODER = 'text encoder'
"""The part that encodes captions, in :attr:`ReIDModel.parts`: cost tables tell its cost apart."""

MissingModalities = Literal['masked', 'zero pictures', 'reconstructed']
"""What an absent modality is to a model: masked (it adds nothing, its part of the feature is zero), pictures of zeros
after normalisation that run as usual, or reconstructed from the others. Its pixels never change the feature."""


class ReIDModel(BaseModel):
    """Base of every method: named identity features, a branch that learns from each, and one test feature.

    A subclass builds its parts, then calls :meth:`build_branches`, and implements :meth:`extract`.

    Args:
        num_classes: number of training identities.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Attributes:
        parts: name to dotted submodule path, for cost tables and figures; each part is counted once, by its own path. A
            text encoder is called :data:`TEXT_ENCODER`.
        reads_captions: whether samples must carry caption tokens.
        reads_cameras: whether the camera of a sample changes its feature.
        missing_modalities: what an absent modality is to the model.
        feature_parts: for each named feature, the equally wide parts that it is made of, each by the index of its
            modality, ``None`` for a part of several modalities; a feature that is not listed is one part of several
            modalities.
        optional_state: prefixes of state-dict keys that a checkpoint may lack.
        without_captions: the option that makes a model without captions, for messages; ``None`` where the method
            needs them.
    """

    parts: ClassVar[Mapping[str, str]] = {'backbone': 'backbone'}
    reads_captions: bool = False
    reads_cameras: bool = False
    missing_modalities: ClassVar[MissingModalities] = 'masked'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {}
    optional_state: ClassVar[tuple[str, ...]] = ()
    without_captions: ClassVar[str | None] = None

    def __init__(self, *, num_classes: int, data_preprocessor: Mapping[str, Any]) -> None:
        super().__init__(data_preprocessor=MODELS.build(dict(data_preprocessor)))
        check_integer('model.num_classes', num_classes, 1)
        self.num_classes = num_classes
        self.branches = nn.ModuleDict()
        self.test_features: tuple[str, ...] = ()
        self._widths: dict[str, int] = {}
        self._branch_of: dict[str, str] = {}
        self._owners: Tensor | None
        self.register_buffer('_owners', None, persistent=False)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the model takes."""
        return self.backbone.image_size

    @property
    def text_encoder(self) -> Any:
        """The part that encodes captions, a module; ``None`` in a model without."""
        return getattr(self, self.parts.get(TEXT_ENCODER, ''), None)

    def build_branches(
        self,
        branches: Mapping[str, Mapping[str, Any]],
        widths: Mapping[str, int],
        test_features: Sequence[str],
        shared: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Build the branches of the config over the features that the subclass extracts.

        Args:
            branches: feature name to the options of its :class:`IdentityBranch`, all but its width and number of
                classes.
            widths: feature name to its width F, for every feature that may have a branch or be compared in a test.
            test_features: names of the features whose concatenation is the test feature.
            shared: a name that ``branches`` may have beside the features' to the equally wide features that this one
                branch reads, one after the other.

        Raises:
            ConfigError: a name is no feature of the model, or nothing is learnt or compared.
        """
        readers = {name: (name,) for name in widths} | dict(shared or {})
        if isinstance(test_features, str) or not isinstance(branches, Mapping):
            raise ConfigError(
                f'model.branches and model.test_features: expected a dictionary and a list of names, got '
                f'{branches!r} and {test_features!r}'
            )
        for name, options in branches.items():
            check_branch(f'model.branches.{name}', options)
        for option, names, known in (('branches', branches, readers), ('test_features', test_features, widths)):
            if not names:
                raise ConfigError(f'model.{option}: expected at least one of {", ".join(known)}, got none')
            for name in names:
                if name not in known:
                    raise ConfigError(
                        f'model.{option}: {name!r} is no feature of {type(self).__name__}, expected some of '
                        f'{", ".join(known)}'
                    )
        self._widths = dict(widths)
        self.test_features = tuple(test_features)
        for name, options in branches.items():
            self.branches[name] = IdentityBranch(
                feature_dim=widths[readers[name][0]], num_classes=self.num_classes, **dict(options)
            )
            self._branch_of |= dict.fromkeys(readers[name], name)
        owners: list[int] = []
        for name in test_features:
            parts = self.feature_parts.get(name, (None,))
            for part in parts:
                # What stands in for an absent modality is made of the others.
                owner = -1 if part is None or self.missing_modalities == 'reconstructed' else part
                owners += [owner] * (self._test_width(name) // len(parts))
        self.register_buffer('_owners', torch.tensor(owners), persistent=False)

    @abstractmethod
    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the named identity features, each (B, F), and whatever else the method's own losses read.

        Args:
            images: (B, 3, 3, H, W) normalised pictures, modality before channel.
            batch: the rest of the batch.
        """

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the losses of every branch as ``<feature>.loss_<name>``; a method with losses of its own adds them."""
        return self.identity_losses(self.extract(images, batch), batch)

    def identity_losses(self, features: Mapping[str, Tensor], batch: TripletBatch) -> dict[str, Tensor]:
        """Return the losses of every branch over extracted features."""
        return self.view_losses(self.identity_views(features, batch))

    def identity_views(self, features: Mapping[str, Tensor], batch: TripletBatch) -> dict[str, dict[str, Tensor]]:
        """Return for each feature with a branch the branch's views of the batch, for losses of the method's own."""
        return {
            name: self.branches[branch].batch_views(features[name], batch.labels, self.counted(name, batch))
            for name, branch in self._branch_of.items()
        }

    def counted(self, name: str, batch: TripletBatch) -> Tensor | None:
        """Return which samples (B,) the branch of a feature learns from, ``None`` for all; a method overrides it."""
        return None

    def view_losses(self, views: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return the losses of every branch over its views, see :meth:`identity_views`."""
        return {
            f'{name}.{key}': value
            for name, branch in self._branch_of.items()
            for key, value in self.branches[branch].view_losses(views[name]).items()
        }

    def before_epoch(self, epoch: int, batches: Callable[[], Iterator[tuple[Tensor, TripletBatch]]]) -> None:
        """Prepare for an epoch of training, without gradient; a method whose training has stages overrides this.

        :class:`~next_mm.engine.PrepareEpochHook` calls it, also in the first epoch of a resumed run: what it leaves in
        the model follows from the epoch and the weights.

        Args:
            epoch: number of the epoch, from 0.
            batches: starts a pass over the training set as a test would see it: pictures and batches as :meth:`extract`
                takes them, on the device. A rank sees its share; sums over the set go through
                ``mmengine.dist.all_reduce``.
        """

    def test_time_loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the losses of a step of test-time training, see :class:`~next_mm.engine.TestTimeTrainingLoop`.

        Args:
            images: as in :meth:`extract`, of the test set.
            batch: without labels and without samples.
        """
        raise NotImplementedError(f'{type(self).__name__} has no test-time training')

    def feature(self, images: Tensor, batch: TripletBatch) -> Tensor:
        """Return the test feature (B, F): the features of ``test_features`` side by side, not normalised."""
        feature = self.test_feature(self.extract(images, batch))
        owners = self._owners
        if self.missing_modalities != 'masked' or batch.present is None or owners is None:
            return feature
        return feature * (batch.present[:, owners.clamp(min=0)] | (owners < 0))  # BNNeck moves zeros

    def not_exportable(self) -> str | None:
        """Return why the model cannot be exported, ``None`` where it can; a method overrides it."""
        return None

    def feature_with_and_without_text(self, images: Tensor, batch: TripletBatch) -> tuple[Tensor, Tensor]:
        """Return the test feature (B, F) with the batch's captions and the one without any.

        A gallery keeps both: a query without captions is compared with features without them. A method that can encode
        the pictures once for both does so.
        """
        nothing = torch.zeros(len(images), NUM_MODALITIES, dtype=torch.bool, device=images.device)
        return self.feature(images, batch), self.feature(images, replace(batch, has_text=nothing))

    def test_feature(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the test feature (B, F) of extracted features."""
        return torch.cat(
            [
                self.branches[self._branch_of[name]].test_feature(features[name])
                if name in self._branch_of
                else features[name]
                for name in self.test_features
            ],
            dim=1,
        )

    @property
    def feature_dim(self) -> int:
        """Width of the test feature."""
        return sum(self._test_width(name) for name in self.test_features)

    def _test_width(self, name: str) -> int:
        """Width of a feature's part of the test feature."""
        return self.branches[self._branch_of[name]].test_dim if name in self._branch_of else self._widths[name]

    def feature_modalities(self) -> Tensor:
        """Return (F,) the index of the modality that each dimension of the test feature belongs to, -1 for several.

        The parts of a model that reconstructs absent modalities belong to several, for what stands in is made of the
        others.
        """
        if self._owners is None:
            raise ValueError(f'{type(self).__name__}: build_branches was not called, so its feature has no known parts')
        return self._owners

    def require_tokens(self, batch: TripletBatch) -> Tensor:
        """Return the caption tokens (B, S, 3, L) of a batch.

        Raises:
            DataError: the samples have none.
        """
        if batch.tokens is None:
            raise DataError(self.no_captions())
        return batch.tokens

    @classmethod
    def config_reads_captions(cls, config: Mapping[str, Any]) -> bool:
        """Return whether the model of a config, ``cfg.model``, reads captions, before it is built."""
        return cls.reads_captions

    @classmethod
    def no_captions(cls) -> str:
        """Return the message for samples without captions."""
        return (
            f'{cls.__name__} reads captions but its samples have none: name the captions in the dataset (caption_dir)'
            + (f', or train without text with {cls.without_captions}' if cls.without_captions else '')
        )

    def example_batch(self) -> TripletBatch:
        """Return the batch of one triplet, for cost tables.

        It has a camera, and captions of full length where the model reads them. A method that reads ``extras`` adds
        them.
        """
        batch = TripletBatch(samples=[], cameras=torch.zeros(1, dtype=torch.int64))
        if self.reads_captions:
            shape = (1, 1, NUM_MODALITIES, CONTEXT_LENGTH)
            batch.tokens = torch.arange(1, math.prod(shape) + 1, dtype=torch.int32).view(shape)
            batch.tokens[..., -1] = END_OF_TEXT
            batch.lengths = torch.full(shape[:-1], CONTEXT_LENGTH)
        return batch

    def forward(
        self, inputs: Tensor, data_samples: TripletBatch, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[ReIDDataSample]:
        """Run the model in one of MMEngine's modes.

        Args:
            inputs: (B, 3, 3, H, W) normalised pictures.
            data_samples: the rest of the batch.
            mode: ``'loss'`` gives the losses, ``'predict'`` the samples with their ``feature``, ``'tensor'`` the
                features, ``'adapt'`` the losses of test-time training.

        Raises:
            ValueError: another mode.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'tensor':
            return self.feature(inputs, data_samples)
        if mode == 'predict':
            return self._note_features(data_samples.samples, self.feature(inputs, data_samples).float())
        if mode == 'adapt':
            return self.test_time_loss(inputs, data_samples)
        raise ValueError(f"mode={mode!r}: expected 'loss', 'predict', 'tensor' or 'adapt'")

    def _note_features(self, samples: list[ReIDDataSample], features: Tensor) -> list[ReIDDataSample]:
        """Give each sample its feature (B, F), and what the feature is made of."""
        for sample, feature in zip(samples, features):
            sample.feature = feature
            if self._owners is not None:  # without branches nobody says which part of the feature is whose
                sample.feature_modalities = self._owners
            if self.reads_captions:
                sample.feature_text = sample.get('has_text', torch.ones(NUM_MODALITIES, dtype=torch.bool))
        return samples


def check_branch(where: str, options: Any) -> None:
    """Refuse options that a branch does not know, and losses that are no dictionary of components."""
    known = set(inspect.signature(IdentityBranch).parameters) - {'feature_dim', 'num_classes'}
    if not isinstance(options, Mapping) or not isinstance(options.get('losses'), Mapping):
        raise ConfigError(f'{where}: expected a dictionary with losses=dict(name=dict(type=...), ...), got {options!r}')
    check_keys(where, options, known)
    for name, loss in options['losses'].items():
        if not isinstance(loss, Mapping) or 'type' not in loss:
            raise ConfigError(f'{where}.losses.{name}: expected a dictionary with the type of a loss, got {loss!r}')
