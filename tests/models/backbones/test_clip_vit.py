"""The visual tower against open_clip's own."""

import copy
import json
from pathlib import Path

import pytest
import torch

from next_mm.errors import ConfigError
from next_mm.models import CLIPVisual
from tests.tolerances import BLOCK, assert_equal_up_to_rounding

TOWER = dict(kernels=2 * BLOCK + 4, terms=4 * 64)  # the tiny tower: 2 blocks, width 64, 4 kernels around them


@pytest.fixture
def backbone(tiny_clip: str) -> CLIPVisual:
    torch.manual_seed(0)
    return CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16)).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 3, 32, 16, generator=torch.Generator().manual_seed(1))


def test_features_are_those_of_open_clip(backbone: CLIPVisual, images: torch.Tensor) -> None:
    tower = copy.deepcopy(backbone.tower)
    tower.output_tokens = True
    features = backbone(images)
    for m in range(3):
        classes, tokens = tower(images[:, m])
        assert_equal_up_to_rounding(features.classes[:, m], classes, **TOWER)
        assert_equal_up_to_rounding(features.tokens[:, m], tokens @ tower.proj, **TOWER)


@pytest.mark.real_size
def test_real_size_tower_is_open_clips() -> None:
    torch.manual_seed(0)
    backbone = CLIPVisual(model_name='ViT-B-16-quickgelu', pretrained=None, image_size=(256, 128)).eval()
    assert sum(p.numel() for p in backbone.parameters()) == 86_140_416
    assert backbone.grid == (16, 8)
    images = torch.randn(1, 3, 3, 256, 128)
    with torch.no_grad():
        classes = backbone(images).classes[:, 0]
        assert_equal_up_to_rounding(classes, backbone.tower(images[:, 0]), kernels=12 * BLOCK + 4, terms=4 * 768)


def test_one_pass_and_three_agree(backbone: CLIPVisual, images: torch.Tensor) -> None:
    separate = backbone(images)
    backbone.batch_modalities = True
    joint = backbone(images)
    assert_equal_up_to_rounding(separate.tokens, joint.tokens, **TOWER)
    assert_equal_up_to_rounding(separate.classes, joint.classes, **TOWER)


def test_wrong_picture_shape_is_named(backbone: CLIPVisual) -> None:
    with pytest.raises(ValueError, match=r'expected pictures of shape \(B, 3, 3, H, W\), got \(2, 3, 32, 16\)'):
        backbone(torch.zeros(2, 3, 32, 16))


@pytest.mark.parametrize('size', [(16, 32), (40, 16)])
def test_pictures_of_another_size_are_refused(tiny_clip: str, size: tuple[int, int]) -> None:
    """Transposed pictures have as many patches, so nothing else would notice."""
    backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16))
    with pytest.raises(
        ConfigError,
        match=rf'the pictures have \(height, width\) = \({size[0]}, {size[1]}\), but .*image_size is \(32, 16\)',
    ):
        backbone(torch.zeros(1, 3, 3, *size))


def test_smaller_stride_overlaps_patches(tiny_clip: str, images: torch.Tensor) -> None:
    backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), stride=4)
    assert backbone.grid == (7, 3)
    assert backbone(images).tokens.shape == (2, 3, 21, 32)
    with pytest.raises(ValueError, match='stride=9: expected 1 to 8, the patch size'):
        CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), stride=9)


def test_checkpointing_changes_no_gradient(tiny_clip: str, images: torch.Tensor) -> None:
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        backbone = CLIPVisual(
            model_name=tiny_clip, pretrained=None, image_size=(32, 16), grad_checkpointing=checkpointing
        )
        backbone.train()(images).tokens.square().sum().backward()
        gradients.append(backbone.tower.conv1.weight.grad)
    assert_equal_up_to_rounding(*gradients, kernels=2 * TOWER['kernels'], terms=TOWER['terms'])


def test_camera_embedding_moves_known_cameras_only(tiny_clip: str, images: torch.Tensor) -> None:
    torch.manual_seed(0)
    backbone = CLIPVisual(model_name=tiny_clip, pretrained=None, image_size=(32, 16), num_cameras=2).eval()
    unknown = backbone(images, torch.tensor([-1, 7])).classes
    known = backbone(images, torch.tensor([1, 2])).classes
    assert not torch.allclose(unknown, known)
    torch.nn.init.zeros_(backbone.camera_embedding.weight)
    assert_equal_up_to_rounding(backbone(images, torch.tensor([1, 2])).classes, unknown, **TOWER)
    with pytest.raises(ValueError, match='camera embedding needs the camera of each sample'):
        backbone(images)


def test_the_camera_on_the_class_token_alone(tiny_clip: str, images: torch.Tensor) -> None:
    """Cameras 3 and 4 are rows 0 and 1; other cameras add nothing, and the patches in front of
    the blocks never change."""
    backbone = CLIPVisual(
        model_name=tiny_clip, pretrained=None, image_size=(32, 16), num_cameras=2, first_camera=3, camera_on='class'
    )
    assert backbone.camera_embedding.weight.shape == (2, 64)
    bare = backbone.embed(images[:, 0], backbone.embed_cameras(torch.tensor([5, 0])))
    moved = backbone.embed(images[:, 0], backbone.embed_cameras(torch.tensor([4, 3]))) - bare
    torch.testing.assert_close(moved[:, 0], backbone.camera_embedding.weight.flip(0), atol=16 * 2**-23, rtol=0)
    assert not moved[:, 1:].any()


def test_towers_with_another_forward_are_refused(tmp_path: Path) -> None:
    vision = {'image_size': 32, 'layers': 1, 'width': 64, 'head_width': 32, 'patch_size': 8, 'pool_type': 'avg'}
    config = {'embed_dim': 32, 'vision_cfg': vision, 'text_cfg': {'width': 32, 'heads': 2, 'layers': 1}}
    (tmp_path / 'tiny-average.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match='no plain vision transformer with a class token'):
        CLIPVisual(model_name=str(tmp_path / 'tiny-average.json'), pretrained=None, image_size=(32, 32))
