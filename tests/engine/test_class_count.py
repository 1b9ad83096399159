"""The number of classes of a model and of everything in it, against the training set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from next_mm.engine import IdentityCountHook
from next_mm.errors import ConfigError
from next_mm.models.backbones.base import CameraEmbedding
from tests.toys import NUM_IDENTITIES, ToyPoints, ToyReID


def check(model: nn.Module, cameras: Sequence[int] = ()) -> None:
    dataset = ToyPoints()
    dataset._metainfo['cameras'] = list(cameras)
    runner: Any = SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=dataset))
    IdentityCountHook().before_train(runner)


def test_a_model_that_fits_passes(tmp_path: Path) -> None:
    model = ToyReID()
    model.tower = nn.Module()
    model.tower.num_classes = 0  # as timm marks a network without a classifier
    check(model)


def test_another_number_is_named() -> None:
    message = f'model.num_classes is 7, but ToyPoints has 4 training identities; set model.num_classes={NUM_IDENTITIES}'
    with pytest.raises(ConfigError, match=message):
        check(ToyReID(num_classes=7))


def test_every_module_with_classes_is_asked() -> None:
    model = ToyReID()
    model.branches['points'].num_classes = 5
    with pytest.raises(ConfigError, match='model.branches.points.num_classes is 5, but ToyPoints has 4'):
        check(model)
    model = ToyReID()
    model.centres = nn.Module()
    model.centres.num_classes = 9
    with pytest.raises(ConfigError, match='model.centres.num_classes is 9'):
        check(model)


def test_training_cameras_that_the_model_does_not_know_are_named() -> None:
    model = ToyReID()
    model.table = CameraEmbedding(3, 4, first_camera=1)
    for cameras in ([1, 2, 3], [3], [-1, 2], []):  # -1: unknown
        check(model, cameras)
    for cameras in ([0, 1, 2], [1, 4]):
        with pytest.raises(
            ConfigError, match=f'model.table knows the cameras 1 to 3, .* {cameras[0]} to {cameras[-1]}'
        ):
            check(model, cameras)
