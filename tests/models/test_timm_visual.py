"""Towers of timm in the place of CLIP's."""
import pytest
import torch

from next_mm.models import TimmVisual


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 3, 32, 16, generator=torch.Generator().manual_seed(1))


def test_timm_backbone_takes_the_place(images: torch.Tensor) -> None:
    backbone = TimmVisual(model_name='vit_tiny_patch16_224', pretrained=False, image_size=(32, 16)).eval()
    features = backbone(images)
    assert features.tokens.shape == (2, 3, 2, 192)
    assert backbone.out_dim == 192 and backbone.grid == (2, 1)
    reference = backbone.tower.forward_features(images[:, 1])
    torch.testing.assert_close(features.classes[:, 1], reference[:, 0], rtol=1e-5, atol=1e-6)


def test_timm_register_tokens_are_left_out(images: torch.Tensor) -> None:
    backbone = TimmVisual(model_name='vit_small_patch14_reg4_dinov2', pretrained=False, image_size=(28, 14))
    assert backbone(images[..., :28, :14]).tokens.shape == (2, 3, 2, 384)
