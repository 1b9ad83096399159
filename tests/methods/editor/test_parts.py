"""EDITOR's selection, aggregation and losses against the formulas written out in loops."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.methods.editor.aggregation import MaskedAggregation, MaskedBlock, gather_selected
from next_mm.methods.editor.losses import IdentityCentres, background_consistency
from next_mm.methods.editor.selection import bright_counts, class_rollout, select_tokens
from tests.tolerances import rounding


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def attention_maps(blocks: int, batch: int, heads: int, tokens: int) -> list[Tensor]:
    return [
        torch.rand(batch, heads, tokens, tokens, generator=generator()).double().softmax(dim=-1) for _ in range(blocks)
    ]


def test_rollout_is_the_class_row_of_the_product() -> None:
    maps = [m.roll(n, dims=-1) for n, m in enumerate(attention_maps(4, 2, 3, 6))]
    product = maps[3] @ maps[2] @ maps[1] @ maps[0]
    torch.testing.assert_close(class_rollout(maps), product[:, :, 0, 1:])


@pytest.mark.parametrize('stride', [4, 3])
def test_bright_pixels_are_counted_in_each_patch(stride: int) -> None:
    images = torch.randn(2, 3, 3, 8, 12, generator=generator())
    counts = bright_counts(images, 4, stride)
    rows, columns = (8 - 4) // stride + 1, (12 - 4) // stride + 1
    for sample, row, column in itertools.product(range(2), range(rows), range(columns)):
        top, left = row * stride, column * stride
        pixels = itertools.product(range(top, top + 4), range(left, left + 4))
        bright = sum(float(images[sample, :, :, y, x].sum()) > 0 for y, x in pixels)
        assert counts[sample, row * columns + column] == bright


def test_the_haar_transform_and_back_is_the_mean_picture() -> None:
    """What the authors compute: coefficients averaged over the modalities, then the inverse transform."""

    def forward(x: Tensor) -> list[Tensor]:
        parts = []
        for _ in range(4):
            a, b, c, d = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
            parts.append(torch.stack([a + b - c - d, a - b + c - d, a - b - c + d]) / 2)
            x = (a + b + c + d) / 2
        return [x, *reversed(parts)]

    def backward(parts: list[Tensor]) -> Tensor:
        x = parts[0]
        for h, v, d in parts[1:]:
            y = x.new_zeros(*x.shape[:-2], 2 * x.shape[-2], 2 * x.shape[-1])
            y[..., ::2, ::2], y[..., ::2, 1::2] = (x + h + v + d) / 2, (x + h - v - d) / 2
            y[..., 1::2, ::2], y[..., 1::2, 1::2] = (x - h + v - d) / 2, (x - h - v + d) / 2
            x = y
        return x

    images = torch.randn(2, 3, 3, 32, 16, generator=generator()).double()
    coefficients = [forward(images[:, m]) for m in range(3)]
    fused = backward([sum(parts) / 3 for parts in zip(*coefficients)])
    torch.testing.assert_close(fused, images.mean(dim=1))


def test_the_selection_is_the_union_over_heads_and_modalities_and_the_brightest() -> None:
    maps, counts = attention_maps(2, 6, 3, 9), torch.rand(2, 8, generator=generator())
    selected = select_tokens(maps, counts, head_keep=1, frequency_keep=2)
    rollout = class_rollout(maps)
    for sample in range(2):
        wanted = set(counts[sample].topk(2).indices.tolist())
        for modality, head in itertools.product(range(3), range(3)):
            wanted.add(int(rollout[3 * sample + modality, head].argmax()))
        assert set(selected[sample].nonzero().flatten().tolist()) == wanted


def masked_aggregation(aggregation: MaskedAggregation, tokens: Tensor, selected: Tensor) -> tuple[Tensor, Tensor]:
    """The authors' way: all tokens, those outside the selection held at zero, hidden by great negative scores."""
    mask = F.pad(selected, (1, 0), value=True)

    def run(block: MaskedBlock, tokens: Tensor, mask: Tensor) -> Tensor:
        keep = mask.unsqueeze(2).to(tokens)
        query, key, value = block.qkv(block.norm1(tokens) * keep).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) / 2
        pairs = mask[:, None, :, None] & mask[:, None, None, :]
        weights = scores.masked_fill(~pairs, -65504.0).softmax(dim=3) * mask[:, None, :, None]
        tokens = tokens + block.proj((weights @ value).transpose(1, 2).flatten(2))
        return tokens + block.fc2(F.gelu(block.fc1(block.norm2(tokens) * keep)))

    tokens = tokens * mask[:, None, :, None]
    single = torch.stack([run(block, tokens[:, m], mask) for m, block in enumerate(aggregation.single)], dim=1)
    joint = run(aggregation.joint, single.flatten(1, 2), mask.repeat(1, 3))
    joint = (aggregation.norm(joint) * mask.repeat(1, 3).unsqueeze(2)).unflatten(1, (3, -1))
    means = joint[:, :, 1:].sum(dim=2) / selected.sum(dim=1)[:, None, None]
    reduced = [layer(torch.cat([joint[:, m, 0], means[:, m]], dim=1)) for m, layer in enumerate(aggregation.reductions)]
    return torch.stack(reduced, dim=1), single[:, :, 0]


SELECTED = torch.tensor([[1, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 1, 0]]).bool()


def test_gathered_tokens_give_what_masked_ones_give() -> None:
    torch.manual_seed(0)
    aggregation = MaskedAggregation(8, 2, 3).double()
    tokens = torch.randn(3, 3, 7, 8).double()
    gathered, mask = gather_selected(tokens, SELECTED)
    assert gathered.shape == (3, 3, 4, 8)
    assert mask.int().tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]
    assert torch.equal(gathered[0], tokens[0][:, [0, 1, 4, 6]])
    for found, expected in zip(aggregation(tokens, SELECTED), masked_aggregation(aggregation, tokens, SELECTED)):
        torch.testing.assert_close(found, expected)


def test_what_is_not_selected_does_not_matter() -> None:
    torch.manual_seed(0)
    aggregation = MaskedAggregation(8, 2, 3)
    tokens = torch.randn(3, 3, 7, 8)
    noise = torch.randn(3, 3, 7, 8) * F.pad(~SELECTED, (1, 0))[:, None, :, None]
    for found, expected in zip(aggregation(tokens + noise, SELECTED), aggregation(tokens, SELECTED)):
        assert torch.equal(found, expected)


def test_background_consistency_in_loops() -> None:
    tokens = torch.randn(2, 3, 4, 5, generator=generator()).double()
    selected = torch.tensor([[1, 0, 0, 1], [0, 0, 1, 0]]).bool()
    expected = 0.0
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for sample, patch, channel in itertools.product(range(2), range(4), range(5)):
            if not selected[sample, patch]:
                gap = tokens[sample, first, patch, channel] - tokens[sample, second, patch, channel]
                expected += float(gap) ** 2 / (2 * 4 * 5)
    torch.testing.assert_close(float(background_consistency(tokens, selected)), expected, rtol=1e-6, atol=0)


def test_centres_follow_the_batch_and_the_loss_is_the_distance_to_the_moved_ones() -> None:
    features, labels = torch.randn(5, 3, 4, generator=generator()).double(), torch.tensor([2, 0, 2, 2, 0])
    centres = IdentityCentres(num_classes=3, num_modalities=3, width=4).double()
    centres.centres += torch.randn(3, 3, 4, generator=generator()).double()
    expected_centres, expected = centres.centres.clone(), 0.0
    for modality in range(3):
        units = [features[sample, modality] / features[sample, modality].norm() for sample in range(5)]
        for identity in (0, 2):
            own = [units[sample] for sample in range(5) if labels[sample] == identity]
            mean = sum(own) / len(own)
            expected_centres[modality, identity] = 0.8 * mean + 0.2 * centres.centres[modality, identity]
        for sample in range(5):
            expected += float((units[sample] - expected_centres[modality, labels[sample]]).square().sum()) / (5 * 4)
    features.requires_grad_(True)
    loss = centres(features, labels)
    loss.backward()
    allowed = rounding(kernels=3, terms=4)  # features are normalised in float32: square, sum, divide
    torch.testing.assert_close(centres.centres, expected_centres, rtol=allowed, atol=allowed)
    torch.testing.assert_close(float(loss.detach()), expected, rtol=allowed * 5, atol=0)  # squares of differences
    assert features.grad.abs().sum() > 0
    assert not centres.centres.requires_grad
