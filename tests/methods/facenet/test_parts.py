"""FACENet's masks, enhancement and consistency against the formulas written out in loops."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from next_mm.errors import ConfigError
from next_mm.methods.facenet.enhancement import MaskPrediction, NeighbourAttention, enhance_flared
from next_mm.methods.facenet.losses import score_consistency


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_slices_of_neighbouring_tokens_attend_to_each_other() -> None:
    """6 tokens of width 4 in 3 heads: pairs of tokens, each token three slices."""
    torch.manual_seed(0)
    layer = NeighbourAttention(4, num_tokens=6, num_heads=3, dropout=0.5).double().eval()
    for norm in (layer.norm1, layer.norm2):
        nn.init.normal_(norm.weight)
    tokens, others = torch.randn(2, 6, 4).double(), torch.randn(2, 6, 4).double()
    expected = torch.zeros(2, 6, 12).double()
    for sample, group in itertools.product(range(2), range(3)):
        pair = range(2 * group, 2 * group + 2)
        places = [(token, slice(4 * part, 4 * part + 4)) for token in pair for part in range(3)]
        for token, part in places:
            query = (layer.query.weight @ layer.norm2(layer.norm1(tokens[sample, token])))[part]
            weights = []
            for other, other_part in places:
                key = (layer.key.weight @ others[sample, other])[other_part]
                weights.append(math.exp(float(query @ key) / 2))
            for weight, (other, other_part) in zip(weights, places):
                value = (layer.value.weight @ others[sample, other])[other_part]
                expected[sample, token, part] += weight / sum(weights) * value
    torch.testing.assert_close(layer(tokens, others), layer.out(expected))


def test_a_head_count_that_does_not_divide_the_patches_is_named() -> None:
    with pytest.raises(ConfigError, match='model.num_heads=16 does not divide the number of patches, 210'):
        MaskPrediction(4, num_tokens=210)


@pytest.mark.parametrize('rgb_rest', ['own', 'nir'])
def test_enhancement_element_by_element(rgb_rest: str) -> None:
    tokens = torch.randn(2, 3, 4, 5, generator=generator())
    masks = (torch.randn(2, 3, 5, generator=generator()), torch.randn(2, 3, 5, generator=generator()).flip(0))
    found = enhance_flared(tokens, masks, torch.tensor([0.1]), rgb_rest=rgb_rest)
    assert torch.equal(found[:, :, 0], tokens[:, :, 0])
    assert torch.equal(found[:, 2], tokens[:, 2])
    for sample, patch, channel in itertools.product(range(2), range(3), range(5)):
        rgb, nir, tir = tokens[sample, :, 1 + patch, channel]
        in_rgb, in_nir = (float(mask[sample, patch, channel]) > 0.1 for mask in masks)
        kept = not in_rgb if rgb_rest == 'own' else not in_nir
        assert found[sample, 0, 1 + patch, channel] == tir * in_rgb + rgb * kept
        assert found[sample, 1, 1 + patch, channel] == (tir if in_nir else nir)


def test_consistency_in_loops() -> None:
    first, second = torch.randn(2, 3, 4, generator=generator()).double()
    sums = [0.0, 0.0]
    for sample in range(3):
        p, q = (scores[sample].exp() / scores[sample].exp().sum() for scores in (first, second))
        for one, other in zip(p.tolist(), q.tolist()):
            sums[0] += one * math.log(one / other) / 12
            sums[1] += other * math.log(other / one) / 12
    assert sums[0] != sums[1]
    found = float(score_consistency(first, second))
    torch.testing.assert_close(found, min(sums), rtol=1e-5, atol=0)  # in float32
    torch.testing.assert_close(float(score_consistency(second, first)), found)
