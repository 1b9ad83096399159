"""Single-modality networks on triplets: a network for each modality, their identity features side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import zero_absent
from next_mm.models.reid_model import ReIDModel, check_branch
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_choice

__all__ = ['PerModalityReID']

_JOINT = 'all'


class PerModalityReID(ReIDModel):
    """Base of the methods whose network takes one picture.

    A network maps pictures (B, 3, H, W) and cameras (B,) to a dictionary of tensors with the identity features (B, F)
    in it. It has the attributes ``widths`` (name of each identity feature to its width F), ``image_size`` and
    ``reads_cameras``. In the model the outputs are called ``<modality>_<name>``.

    The pictures of an absent modality are zeros to its network, and its part of the test feature is zero.

    Args:
        num_classes: number of training identities.
        network: config of the network.
        networks: ``'separate'`` gives each modality a network and branches of its own, ``'shared'`` one for all.
        modalities: the modalities that are read, in their order.
        branches: the network's feature to the options of its branch.
        test_features: the network's features that are compared in a test, for each modality.
        fuse_loss: with ``'branch'`` each feature has losses of its own, and their sum is minimised. With ``'concat'``
            the losses that read features before BNNeck read the feature ``'all'``, those of all branches side by
            side, and the others are averaged.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Raises:
        ConfigError: an option is out of range.
    """

    parts: ClassVar[Mapping[str, str]] = {'networks': 'networks'}

    def __init__(
        self,
        *,
        num_classes: int,
        network: Mapping[str, Any],
        networks: Literal['separate', 'shared'] = 'separate',
        modalities: Sequence[str] = MODALITIES,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str],
        fuse_loss: Literal['branch', 'concat'] = 'branch',
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_choice('model.networks', networks, ('separate', 'shared'))
        check_choice('model.fuse_loss', fuse_loss, ('branch', 'concat'))
        self.modalities = _in_order(modalities)
        self._owner = {modality: modality if networks == 'separate' else 'shared' for modality in self.modalities}
        owners = dict.fromkeys(self._owner.values())
        self.networks = nn.ModuleDict({owner: MODELS.build(dict(network)) for owner in owners})
        first = self.networks[self._owner[self.modalities[0]]]
        self.reads_cameras = first.reads_cameras
        widths = {f'{modality}_{name}': width for modality in self.modalities for name, width in first.widths.items()}
        # The parts follow from the config's modalities, so an instance has its own.
        self.feature_parts = {  # type: ignore[misc]
            name: (MODALITIES.index(name.split('_')[0]),) for name in widths
        }
        for option, names in (('branches', branches), ('test_features', test_features)):
            for name in names:
                check_choice(f'model.{option}', name, tuple(first.widths))
        learnt = [f'{modality}_{name}' for modality in self.modalities for name in branches]
        own, joint = (branches, {}) if fuse_loss == 'branch' else _fuse_losses(branches, len(learnt))
        if joint:
            widths[_JOINT] = sum(widths[name] for name in learnt)
        self._joint = learnt if joint else []
        self.build_branches(
            {f'{owner}_{name}': options for owner in self.networks for name, options in own.items()} | joint,
            widths,
            [f'{modality}_{name}' for modality in self.modalities for name in test_features],
            shared={f'shared_{name}': [f'{modality}_{name}' for modality in self.modalities] for name in first.widths},
        )

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the pictures that the networks take."""
        return next(iter(self.networks.values())).image_size

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the outputs of each modality's network as ``<modality>_<name>``."""
        images = zero_absent(images, batch.present)
        outputs: dict[str, Tensor] = {}
        for modality in self.modalities:
            features = self.run_network(modality, images[:, MODALITIES.index(modality)], batch)
            outputs |= {f'{modality}_{name}': feature for name, feature in features.items()}
        return outputs | self.joint_feature(outputs)

    def joint_feature(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the feature ``'all'`` (B, F) if a branch reads it."""
        return {_JOINT: torch.cat([features[name] for name in self._joint], dim=1)} if self._joint else {}

    def run_network(self, modality: str, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Run the network of a modality on its pictures (B, 3, H, W); a method whose network
        reads more overrides it."""
        return self.network_of(modality)(images, batch.cameras)

    def network_of(self, modality: str) -> nn.Module:
        """Return the network of a modality."""
        return self.networks[self._owner[modality]]


def _in_order(modalities: Sequence[str]) -> tuple[str, ...]:
    """Return the named modalities in the order that every tensor has."""
    if not modalities or len(set(modalities)) != len(modalities):
        raise ConfigError(f'model.modalities={list(modalities)}: expected some of {", ".join(MODALITIES)}, each once')
    for modality in modalities:
        check_choice('model.modalities', modality, MODALITIES)
    return tuple(modality for modality in MODALITIES if modality in modalities)


def _fuse_losses(
    branches: Mapping[str, Mapping[str, Any]], count: int
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Split branches into their losses on logits, averaged over ``count``, and a joint branch of those on features.

    Raises:
        ConfigError: a branch is none, or two branches give a loss on features other options.
    """
    own: dict[str, dict[str, Any]] = {}
    joint: dict[str, Any] = {}
    for feature, options in branches.items():
        check_branch(f'model.branches.{feature}', options)
        own[feature] = {**options, 'losses': {}}
        for name, loss in options.get('losses', {}).items():
            if loss.get('on', getattr(MODELS.get(loss['type']), 'on', None)) != 'feature':
                own[feature]['losses'][name] = {**loss, 'weight': loss.get('weight', 1.0) / count}
            elif joint.setdefault(name, loss) != loss:
                raise ConfigError(
                    f"model.fuse_loss='concat': expected equal options of the losses {name!r} of all branches"
                )
    return own, {_JOINT: dict(bnneck=False, classifier=False, losses=joint)} if joint else {}
