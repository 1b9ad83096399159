"""Towers of timm in the place of CLIP's."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from next_mm.errors import CheckpointError, ConfigError
from next_mm.models import TimmVisual
from tests.tolerances import BLOCK, assert_equal_up_to_rounding

TOWER = dict(kernels=12 * BLOCK + 4, terms=4 * 192)  # ViT-Ti: 12 blocks, width 192, 4 kernels around them


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 3, 32, 16, generator=torch.Generator().manual_seed(1))


def build(**options: Any) -> TimmVisual:
    return TimmVisual(**{'model_name': 'vit_tiny_patch16_224', 'pretrained': False, 'image_size': (32, 16), **options})


def test_timm_backbone_takes_the_place(images: torch.Tensor) -> None:
    backbone = build().eval()
    features = backbone(images)
    assert features.tokens.shape == (2, 3, 2, 192)
    assert backbone.out_dim == 192 and backbone.grid == (2, 1)
    reference = backbone.tower.forward_features(images[:, 1])
    assert_equal_up_to_rounding(features.classes[:, 1], reference[:, 0], **TOWER)


def test_timm_register_tokens_are_left_out(images: torch.Tensor) -> None:
    backbone = TimmVisual(model_name='vit_small_patch14_reg4_dinov2', pretrained=False, image_size=(28, 14))
    assert backbone(images[..., :28, :14]).tokens.shape == (2, 3, 2, 384)


@pytest.mark.parametrize('batched', [False, True])
def test_camera_embedding_is_added_to_every_token(images: torch.Tensor, batched: bool) -> None:
    torch.manual_seed(0)
    backbone = build(num_cameras=2, batch_modalities=batched).eval()
    cameras = torch.tensor([1, -1])
    features = backbone(images, cameras)
    tower = backbone.tower
    for m in range(3):
        x = tower._pos_embed(tower.patch_embed(images[:, m])) + backbone.camera_embedding(cameras)
        x = tower.norm(tower.blocks(x))
        assert_equal_up_to_rounding(features.classes[:, m], x[:, 0], **TOWER)
        assert_equal_up_to_rounding(features.tokens[:, m], x[:, 1:], **TOWER)
    without = build(batch_modalities=batched).eval()
    without.load_state_dict({name: value for name, value in backbone.state_dict().items() if 'camera' not in name})
    plain = without(images).classes
    assert_equal_up_to_rounding(features.classes[1], plain[1], **TOWER)  # an unknown camera adds nothing,
    assert (features.classes[0] - plain[0]).abs().max() > 0.01 * plain[0].abs().max()  # a known one does,
    # Nothing stays behind in the tower.
    assert_equal_up_to_rounding(without(images, cameras).classes, plain, **TOWER)


def test_camera_embedding_needs_a_place_in_the_tower(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = timm.create_model('vit_tiny_patch16_224', img_size=(32, 16))
    del tower.norm_pre  # as in towers of other designs, and in some of older releases
    monkeypatch.setattr('timm.create_model', lambda *args, **kwargs: tower)
    with pytest.raises(
        ValueError, match='vit_tiny_patch16_224: num_cameras=2: expected a vision transformer with a layer norm_pre'
    ):
        build(num_cameras=2)


def test_local_weights_load_at_another_size(tmp_path: Path) -> None:
    tower = timm.create_model('vit_tiny_patch16_224')
    torch.save(tower.state_dict(), tmp_path / 'dino.pth')
    backbone = build(pretrained=str(tmp_path / 'dino.pth'))
    torch.testing.assert_close(backbone.tower.blocks[3].mlp.fc1.weight, tower.blocks[3].mlp.fc1.weight)
    assert backbone.tower.pos_embed.shape == (1, 3, 192)


def _local(path: Path) -> TimmVisual:
    return build(pretrained=str(path))


def test_a_local_file_that_leaves_weights_random_is_refused(tmp_path: Path) -> None:
    torch.save({'state_dict': {'q': torch.ones(1)}}, tmp_path / 'other.pth')
    with pytest.raises(
        ConfigError,
        match=r'other.pth: its weights do not fit the model vit_tiny_patch16_224: 15\d of 15\d are not in it',
    ):
        _local(tmp_path / 'other.pth')
    state = timm.create_model('vit_tiny_patch16_224').state_dict()
    torch.save({key: value for key, value in state.items() if key != 'norm.bias'}, tmp_path / 'part.pth')
    with pytest.raises(ConfigError, match=r'part.pth: .*: 1 of 15\d are not in it, e.g. norm.bias'):
        _local(tmp_path / 'part.pth')
    torch.save({**state, 'norm.bias': torch.ones(3)}, tmp_path / 'shape.pth')
    with pytest.raises(ConfigError, match=r'shape.pth: its weights do not fit the model'):
        _local(tmp_path / 'shape.pth')


def test_a_damaged_local_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / 'page.pth').write_text('<html>404</html>')
    with pytest.raises(CheckpointError, match='page.pth: damaged or no checkpoint'):
        _local(tmp_path / 'page.pth')
    with pytest.raises(FileNotFoundError, match='absent.pth.*no such file'):
        _local(tmp_path / 'absent.pth')


def test_camera_embedding_is_trained_with_recomputed_blocks(images: torch.Tensor) -> None:
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        backbone = build(num_cameras=2, grad_checkpointing=checkpointing)
        backbone.train()(images, torch.tensor([0, 2])).tokens.square().sum().backward()
        gradients.append(backbone.camera_embedding.weight.grad)
    assert_equal_up_to_rounding(*gradients, kernels=2 * TOWER['kernels'], terms=TOWER['terms'])
    assert (gradients[0].abs().sum(1) > 0).tolist() == [True, False, True]


@pytest.mark.parametrize('name', ['resnet18', 'swin_tiny_patch4_window7_224', 'convnext_atto', 'mobilenetv3_small_050'])
def test_a_tower_without_patch_tokens_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"model_name='{name}': expected a vision transformer of timm"):
        TimmVisual(model_name=name, pretrained=False, image_size=(64, 64))


def test_a_name_that_timm_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="timm has no such model; did you mean 'vit_tiny_patch16_224'"):
        TimmVisual(model_name='vit_tiny_patch16_244', pretrained=False, image_size=(32, 16))
