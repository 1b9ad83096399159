"""TransReID's jigsaw by hand, its branches against blocks that run on every token, and its bad input."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from next_mm.errors import ConfigError
from next_mm.methods.transreid import TransReIDNetwork
from next_mm.methods.transreid.network import shuffle_patches

BACKBONE = dict(type='SideViT', image_size=(32, 16), patch_size=8, stride=8, width=16, depth=3, num_heads=2)


def network(**options: Any) -> TransReIDNetwork:
    torch.manual_seed(0)
    return TransReIDNetwork(**{'backbone': BACKBONE, 'num_locals': 2, 'shift': 3, **options}).eval()


@pytest.mark.parametrize(
    ('patches', 'shift', 'expected'),
    [
        (8, 3, [3, 7, 4, 8, 5, 1, 6, 2]),  # 3 4 5 6 | 7 8 1 2
        (8, 1, [1, 5, 2, 6, 3, 7, 4, 8]),
        (7, 3, [3, 7, 4, 1, 5, 2, 6, 1]),  # 3 4 5 6 | 7 1 2 1
    ],
)
def test_the_jigsaw_by_hand(patches: int, shift: int, expected: list[int]) -> None:
    assert shuffle_patches(torch.arange(1, patches + 1).view(1, -1, 1), shift).flatten().tolist() == expected


def test_branches_are_what_whole_blocks_give() -> None:
    model, images = network(), torch.randn(2, 3, 32, 16)
    features = model(images)
    tokens = model.backbone(images)  # ends before the last block
    assert len(model.backbone.blocks) == 2
    block, norm = model.global_end
    torch.testing.assert_close(features['whole'], norm(block(tokens))[:, 0])
    block, norm = model.local_end
    order = [2, 6, 3, 7, 4, 0, 5, 1]
    for number in (1, 2):
        group = [0, *(1 + place for place in order[4 * number - 4 : 4 * number])]
        torch.testing.assert_close(features[f'local{number}'], norm(block(tokens[:, group]))[:, 0])


def test_both_ends_start_as_the_pretrained_block_and_learn_apart() -> None:
    model = network()
    own = dict(model.global_end.named_parameters())
    for name, value in model.local_end.named_parameters():
        assert torch.equal(value, own[name])
        assert value is not own[name]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_locals=9), 'TransReIDNetwork.num_locals=9: expected a number from 0 to 8'),
        (dict(shift=0), 'TransReIDNetwork.shift=0: expected a number from 1 to 8'),
    ],
)
def test_bad_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        network(**options)
