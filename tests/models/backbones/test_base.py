"""What a triplet backbone does around its towers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones import CLIPVisual, TimmVisual, TripletBackbone
from next_mm.triplet import MODALITIES

TINY = dict(model_name='vit_tiny_patch16_224', pretrained=False, image_size=(32, 16))


class Patches(TripletBackbone):
    """A patch convolution without a class token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(image_size=(4, 2), **options)
        self.place_towers(lambda: nn.Conv2d(3, 5, 2, 2))
        self.out_dim = self.width = 5
        self.grid = (2, 1)
        self.place_cameras()

    def encode(self, images: Tensor, camera: Tensor | None, tower: nn.Module) -> tuple[Tensor, Tensor]:
        """Patches, and their mean."""
        tokens = tower(images).flatten(2).transpose(1, 2)
        tokens = tokens if camera is None else tokens + camera
        return tokens.mean(dim=1), tokens


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 3, 4, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('options', [{}, dict(batch_modalities=True), dict(towers='separate')])
def test_each_modality_goes_through_its_tower(images: Tensor, options: dict) -> None:
    backbone = Patches(**options)
    features = backbone(images)
    assert features.classes.shape == (2, 3, 5) and features.tokens.shape == (2, 3, 2, 5)
    towers = backbone.towers if options.get('towers') == 'separate' else dict.fromkeys(MODALITIES, backbone.tower)
    for m, name in enumerate(MODALITIES):
        expected = towers[name](images[:, m]).flatten(2).transpose(1, 2)
        torch.testing.assert_close(features.tokens[:, m], expected)
        torch.testing.assert_close(features.classes[:, m], expected.mean(1))


@pytest.mark.parametrize('batched', [False, True])
def test_the_camera_of_a_triplet_reaches_each_modality(images: Tensor, batched: bool) -> None:
    backbone = Patches(num_cameras=2, first_camera=1, camera_scale=3.0, batch_modalities=batched)
    assert backbone.reads_cameras
    moved = backbone(images, torch.tensor([2, 9])).tokens - backbone(images, torch.tensor([0, 0])).tokens
    expected = 3 * backbone.camera_embedding.weight[1].expand(3, 2, 5)
    torch.testing.assert_close(moved[0], expected, rtol=1e-4, atol=1e-6)
    assert not moved[1].any()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(towers='own'), "Patches.towers='own': expected one of 'shared', 'separate'"),
        (dict(camera_on='patches'), "Patches.camera_on='patches': expected one of 'all', 'class'"),
        (dict(num_cameras=-1), 'Patches.num_cameras=-1: expected a whole number from 0'),
        (dict(camera_scale=0), 'Patches.camera_scale=0: expected a number above 0'),
        (dict(towers='separate', batch_modalities=True), "batch_modalities=True .* but towers='separate'"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Patches(**options)


def test_separate_towers_of_clip_and_timm(tiny_clip: str) -> None:
    for backbone in (
        CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), towers='separate'),
        TimmVisual(**TINY, towers='separate'),
    ):
        images = torch.randn(1, 3, 3, 32, 16)
        features = backbone.eval()(images)
        shared = type(backbone).encode(backbone, images[:, 2], None, backbone.towers['tir'])
        assert torch.equal(features.classes[:, 2], shared[0]) and torch.equal(features.tokens[:, 2], shared[1])
        assert list(backbone.towers) == list(MODALITIES)
        weights = [next(tower.parameters()) for tower in backbone.towers.values()]
        assert not torch.equal(weights[0], weights[1])


def test_a_vision_transformer_without_a_class_token_is_pooled() -> None:
    options = dict(TINY, model_name='vit_wee_patch16_reg1_gap_256')  # it has a register token alone
    backbone = TimmVisual(**options).eval()
    features = backbone(torch.randn(2, 3, 3, 32, 16))
    assert features.tokens.shape == (2, 3, 2, 256)
    torch.testing.assert_close(features.classes, features.tokens.mean(dim=2))
    with pytest.raises(ConfigError, match="camera_on='class', but it has no class token"):
        TimmVisual(**options, num_cameras=2, camera_on='class')


def test_the_camera_on_the_class_token_of_timm() -> None:
    torch.manual_seed(0)
    backbone = TimmVisual(**TINY, num_cameras=2, first_camera=0, camera_on='class').eval()
    images, cameras = torch.randn(2, 3, 3, 32, 16), torch.tensor([1, 5])
    tower, features = backbone.tower, backbone(images, cameras)
    x = tower._pos_embed(tower.patch_embed(images[:, 0]))
    x = torch.cat([x[:, :1] + backbone.camera_embedding(cameras), x[:, 1:]], dim=1)
    x = tower.norm(tower.blocks(x))
    torch.testing.assert_close(features.classes[:, 0], x[:, 0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(features.tokens[:, 0], x[:, 1:], rtol=1e-5, atol=1e-5)
