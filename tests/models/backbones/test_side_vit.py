"""The vision transformer with side information: parameters, numbers against timm's own, cameras,
weights files, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.models import SideViT
from next_mm.models.backbones.side_vit import run_for_class

TINY = dict(image_size=(32, 16), patch_size=8, stride=8, width=16, depth=3, num_heads=2)


def build(**options: Any) -> SideViT:
    torch.manual_seed(0)
    return SideViT(**{**TINY, **options}).eval()


def test_parameters_of_the_base_size() -> None:
    with torch.device('meta'):
        tower = SideViT(image_size=(256, 128), num_cameras=4)
    parts = {name: sum(p.numel() for p in part.parameters()) for name, part in tower.named_children()}
    assert parts == {'patch_embed': 590_592, 'blocks': 85_054_464, 'norm': 1_536, 'camera_embedding': 3_072}
    assert tower.pos_embed.numel() == 99_072
    assert tower.cls_token.numel() == 768


def timm_twin(tower: SideViT) -> torch.nn.Module:
    twin = timm.models.vision_transformer.VisionTransformer(
        img_size=(32, 16), patch_size=8, embed_dim=16, depth=3, num_heads=2, num_classes=0
    ).eval()
    twin.load_state_dict(tower.state_dict())
    return twin


def test_the_numbers_are_timms() -> None:
    tower, images = build(), torch.randn(2, 3, 32, 16)
    torch.testing.assert_close(tower(images), timm_twin(tower).forward_features(images))


def test_a_block_run_for_the_class_token_has_the_gradients_of_the_whole_block() -> None:
    block, tokens = build().blocks[1].double(), torch.randn(2, 5, 16).double()
    gradients = []
    for run in (lambda: run_for_class(block, tokens), lambda: block(tokens)[:, 0]):
        block.zero_grad()
        run().square().sum().backward()
        gradients.append({name: p.grad.clone() for name, p in block.named_parameters() if p.grad is not None})
    alone, whole = gradients
    key_bias = slice(16, 32)  # it adds the same to all scores of a query
    whole['attn.qkv.bias'][key_bias] = 0
    torch.testing.assert_close(alone, whole)


def test_the_camera_is_added_to_every_token() -> None:
    tower, images = build(num_cameras=2, first_camera=1, camera_weight=3.0), torch.randn(3, 3, 32, 16)
    plain = tower.embed(images, torch.tensor([0, 3, -1]))  # unknown ones
    rows = tower.embed(images, torch.tensor([1, 2, 2])) - plain
    table = tower.camera_embedding.weight
    assert table.shape == (2, 16)
    torch.testing.assert_close(rows, 3 * table[[0, 1, 1]][:, None].expand(-1, 9, -1), rtol=1e-4, atol=1e-6)


def test_overlapping_patches() -> None:
    tower = build(stride=6)
    assert tower.grid == (5, 2)
    assert tower(torch.randn(1, 3, 32, 16)).shape == (1, 11, 16)


def test_drop_path_rises_from_the_first_block_to_the_last() -> None:
    tower = build(drop_path=0.1)
    rates = [getattr(block.drop_path1, 'drop_prob', 0.0) for block in tower.blocks]
    assert rates == pytest.approx([0.0, 0.05, 0.1])


def test_the_end_is_taken_off() -> None:
    tower, images = build(), torch.randn(2, 3, 32, 16)
    whole = tower(images)
    end = tower.take_end()
    tokens = tower(images)
    assert next(iter(dict(end.named_parameters()))) == '0.norm1.weight'
    torch.testing.assert_close(end(tokens), whole[:, 0])
    assert not any(key.startswith(('blocks.2', 'norm')) for key in tower.state_dict())


def weights(tower: SideViT, grid: int) -> dict[str, Tensor]:
    """A weights file of a square picture, with a classifier."""
    state = {**tower.state_dict(), 'head.weight': torch.zeros(5, tower.out_dim), 'head.bias': torch.zeros(5)}
    state['pos_embed'] = torch.randn(1, 1 + grid * grid, tower.out_dim)
    return state


def test_a_weights_file_is_loaded_with_a_bilinear_position_embedding(tmp_path: Path) -> None:
    state = weights(build(), 4)
    torch.save(state, tmp_path / 'vit.pth')
    torch.manual_seed(1)
    tower = SideViT(**TINY, num_cameras=2, pretrained=str(tmp_path / 'vit.pth'))
    assert torch.equal(tower.blocks[2].mlp.fc1.weight, state['blocks.2.mlp.fc1.weight'])
    grid = state['pos_embed'][0, 1:].view(4, 4, 16)
    halves = (
        grid[:, ::2] + grid[:, 1::2]
    ) / 2  # to 4 rows and 2 columns, no antialias: the mean of the two in the middle
    torch.testing.assert_close(tower.pos_embed[0, 1:].view(4, 2, 16), halves)
    assert torch.equal(tower.pos_embed[0, 0], state['pos_embed'][0, 0])


def test_weights_of_an_unknown_grid_are_refused(tmp_path: Path) -> None:
    torch.save({**weights(build(), 4), 'pos_embed': torch.zeros(1, 11, 16)}, tmp_path / 'odd.pth')
    with pytest.raises(ConfigError, match='has 10 patches: expected 4 x 2 of the pictures, or a square number'):
        build(pretrained=str(tmp_path / 'odd.pth'))


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    short, wide = weights(build(), 4), weights(build(width=32), 4)
    del short['blocks.1.norm1.bias']
    torch.save(short, tmp_path / 'short.pth')
    torch.save(wide, tmp_path / 'wide.pth')
    with pytest.raises(
        ConfigError, match=r'of 3 blocks, 16 wide, 1 entries are missing or unknown, e.g. blocks.1.norm1.bias'
    ):
        build(pretrained=str(tmp_path / 'short.pth'))
    with pytest.raises(ConfigError, match=r'entries are of another shape, e.g. cls_token \(1, 1, 32\)'):
        build(pretrained=str(tmp_path / 'wide.pth'))
    with pytest.raises(FileNotFoundError, match="pretrained='nowhere.pth': no such file"):
        build(pretrained='nowhere.pth')
    with pytest.raises(ConfigError, match="pretrained='vit_of_mine' is neither a file nor a model of timm"):
        build(pretrained='vit_of_mine')


def test_bad_options_and_pictures_are_named() -> None:
    with pytest.raises(ConfigError, match='SideViT.stride=9: expected a whole number from 1 to 8'):
        build(stride=9)
    with pytest.raises(
        ConfigError, match=r'the pictures have \(height, width\) = \(16, 32\), but SideViT.image_size is \(32, 16\)'
    ):
        build()(torch.zeros(1, 3, 16, 32))
    with pytest.raises(ValueError, match='needs the camera of each sample'):
        build(num_cameras=2)(torch.zeros(1, 3, 32, 16))
