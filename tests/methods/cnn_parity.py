"""Compare models with the authors' outputs on the fixtures of the convolutional networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from next_mm.models import ReIDModel
from next_mm.models.conversion import KeyMap
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, fill_state, read_keys, read_outputs, relative_error, waves
from tests.methods.parity import PREPROCESSOR, TOLERANCE, note_parity

__all__ = ['PLAIN_BRANCH', 'Parity', 'check_three_networks', 'everything', 'wavy']

PLAIN_BRANCH: dict[str, Any] = dict(losses=dict(id=dict(type='CrossEntropy')), bnneck=False, classifier_bias=True)
OF_DIFFERENCE = 1e-3
"""The two samples of a fixture differ by 0.5 to 6 %, so their difference is compared too, at this part
of its largest value."""


def load_authors(
    system: str,
    config: Mapping[str, Any],
    key_map: KeyMap,
    *,
    means: Mapping[str, object] | None = None,
    tied: Callable[[str], str] = str,
) -> ReIDModel:
    """Build a model and load the authors' state dict of a fixture into it, through the converter and strictly."""
    state = fill_state(read_keys(FIXTURES / system / 'keys.json'), means=means, tied=tied)
    model = MODELS.build({'num_classes': 171, 'data_preprocessor': PREPROCESSOR, **config})
    converted = key_map.to_ours(state)
    model.load_state_dict(converted.state, assign=True)
    back = key_map.to_theirs(converted.state).state
    assert all(torch.equal(back[key], state[key]) for key in back)
    not_back = set(state) - set(back)
    assert not_back <= set(converted.dropped), sorted(not_back - set(converted.dropped))[:5]
    return model.eval()


def everything(batch: int) -> TripletBatch:
    """A batch in which every modality is there."""
    return TripletBatch(labels=torch.zeros(batch, dtype=torch.long), cameras=torch.zeros(batch, dtype=torch.long))


def wavy(*shape: int) -> Tensor:
    """Features by formula, for the losses: sin(0.7 i) + cos(0.13 i) of the flat index i."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return ((0.7 * index).sin() + (0.13 * index).cos()).float().view(shape)


class Parity:
    """Compares arrays with those of a fixture, and counts.

    Args:
        system: folder of the fixture.

    Attributes:
        images: the pictures of the fixture, see :meth:`load`.
        features: what the model extracts from them.
    """

    images: Tensor
    features: dict[str, Tensor]

    def __init__(self, system: str) -> None:
        self.system = system
        self.expected = read_outputs(FIXTURES / system / 'outputs.npz')
        self.compared: set[str] = set()
        self.largest = 0.0

    def load(
        self, config: Mapping[str, Any], key_map: KeyMap, *, size: tuple[int, int] = (256, 128), **options: Any
    ) -> ReIDModel:
        """Return the model on the authors' weights, see :func:`load_authors`; its test feature is compared."""
        model = load_authors(self.system, config, key_map, **options)
        self.images = waves(2, *size)
        self.features = model.extract(self.images, everything(2))
        self.check('feature', model.feature(self.images, everything(2)))
        return model

    def logits(self, model: ReIDModel, names: Iterable[str]) -> Tensor:
        """Return the logits (2, len(names), C) of features with branches of their own."""
        return torch.stack([model.branches[name].views(self.features[name])['logits'] for name in names], dim=1)

    def check(self, name: str, actual: Tensor, *, exact: Tensor | None = None) -> None:
        """Compare an array, and the difference of its two samples."""
        expected = self.expected[name] if exact is None else exact
        error = relative_error(actual, expected)
        assert error < TOLERANCE, f'{self.system} {name}: {error:.1e}'
        self.compared.add(name)
        self.largest = max(self.largest, error)
        if len(expected) == 2 and expected.dim() > 1:
            if torch.equal(expected[0], expected[1]):
                return
            error = relative_error(actual[0] - actual[1], expected[0] - expected[1])
            assert error < OF_DIFFERENCE, f'{self.system} {name}, difference of the samples: {error:.1e}'

    def check_vehicle(self, model: ReIDModel) -> None:
        """Compare the feature of pictures of the vehicles' size."""
        for network in model.networks.values() if hasattr(model, 'networks') else [model.backbone]:
            network.image_size = (128, 256)
        self.check('feature_128x256', model.feature(waves(2, 128, 256), everything(2)))

    def finish(self) -> None:
        """Every array was compared."""
        assert self.compared == set(self.expected), sorted(set(self.expected) - self.compared)
        note_parity(self.system, self.compared, self.largest)


def check_three_networks(
    system: str, config: Mapping[str, Any], key_map: KeyMap, parts: Iterable[str], **options: Any
) -> None:
    """Compare a fixture of three networks side by side.

    Args:
        system: folder of the fixture.
        config: the model.
        key_map: of the authors' weights.
        parts: the features of a network, in the order of the fixture's logits.
        options: those of :meth:`Parity.load`.
    """
    parity = Parity(system)
    model = parity.load(config, key_map, **options)
    parity.check('feature_train', torch.cat(list(parity.features.values()), dim=1))
    names = [f'{modality}_{part}' for part in parts for modality in MODALITIES]
    parity.check('logits', parity.logits(model, names))
    if 'feature_128x256' in parity.expected:
        parity.check_vehicle(model)
    parity.finish()
