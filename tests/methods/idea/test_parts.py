"""IDEA's modules: captions behind their prefix, the text tower read at its places, the
aggregation against slow loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.captions.tokenizer import encode_text
from next_mm.errors import ConfigError, DataError
from next_mm.methods.idea import IDEAReID
from next_mm.methods.idea.aggregation import DeformableAggregation, sampling_positions
from next_mm.methods.idea.captions import CaptionSummary, encode_prefixes, prepend
from next_mm.models.clip.loading import load_clip
from next_mm.models.text.text_tower import TextTower
from next_mm.registry import MODELS
from tests.methods.idea.toy import BASE
from tests.methods.toys import NUM_CLASSES, PREPROCESSOR, TEXT, make_batch

PREFIXES = {
    'rgb': 'A photo of a {learned} person in visible light:',
    'nir': 'A photo of a {learned} person, infrared:',
    'tir': 'A photo of a {learned} person:',
}
CAPTION = 'The person wears a red coat, has a black bag and looks to the left.'


def tokens_of(text: str) -> Tensor:
    return open_clip.SimpleTokenizer()([text], context_length=77)[0]


@pytest.mark.parametrize('caption', [CAPTION, CAPTION * 8, ''])
def test_prefix_and_caption_are_the_tokens_of_their_joined_text(caption: str) -> None:
    tokens = tokens_of(caption).expand(2, 3, -1).int().numpy()
    found = prepend(encode_prefixes(PREFIXES, 2), tokens, None)
    for m, prefix in enumerate(PREFIXES.values()):
        expected = tokens_of(f'{prefix.replace("{learned}", "X X")} {caption}').numpy()
        length = expected.argmax() + 1
        for row in found[:, m]:
            np.testing.assert_array_equal(row[:length], expected[:length])
            assert not row[length:].any()


def test_a_caption_that_is_not_kept_is_empty() -> None:
    tokens = tokens_of(CAPTION).expand(1, 3, -1).int().numpy()
    prefixes = encode_prefixes(PREFIXES, 1)
    found = prepend(prefixes, tokens, np.array([[True, False, True]]))
    empty = prepend(prefixes, tokens_of('').expand(1, 3, -1).int().numpy(), None)
    width = empty.shape[2]
    np.testing.assert_array_equal(found[:, 1, :width], empty[:, 1])
    assert not found[:, 1, width:].any() and (found[:, 0, :width] != empty[:, 0]).any()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'rgb': 'A photo of {learned} person:'}, 'model.prefixes.rgb=.* expected four words of one token each'),
        ({'rgb': 'A photo of a person:'}, 'model.prefixes.rgb'),
        ({'rgb': 'A photo of a {learned} ' + 'very ' * 80 + 'old person:'}, 'leave no room for a caption'),
        ({'uv': 'x'}, 'model.prefixes: expected rgb, nir, tir, got'),
    ],
)
def test_prefixes_that_cannot_be_used_are_named(change: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        encode_prefixes({**PREFIXES, **change}, 2)


@pytest.fixture(scope='module')
def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(load_clip(TEXT['model_name'], None), 'tiny').double()


def test_the_summary_is_the_mean_of_end_and_learned_words(tower: TextTower) -> None:
    """The whole tower on 77 tokens with a mask, token by token."""
    summary = CaptionSummary(tower.width, 2, PREFIXES).double()
    tokens = torch.stack([tokens_of(CAPTION), tokens_of('A hat.'), tokens_of('')]).int().unsqueeze(0)
    found = summary(tower, tokens)
    mask = torch.full((77, 77), -torch.inf, dtype=torch.float64).triu(1)
    for m, (prefix, caption) in enumerate(zip(PREFIXES.values(), (CAPTION, 'A hat.', ''))):
        ids = tokens_of(f'{prefix.replace("{learned}", "X X")} {caption}')
        x = tower.token_embedding(ids)
        x = torch.cat([x[:5], x[5:7] + summary.words, x[7:]]) + tower.positional_embedding
        for block in tower.blocks:
            x = block(x.unsqueeze(0), attn_mask=mask)[0]
        x = tower.ln_final(x) @ tower.text_projection
        expected = x[[int(ids.argmax()), 5, 6]].mean(dim=0)
        torch.testing.assert_close(found[0, m], expected, rtol=1e-9, atol=1e-10)
    found.sum().backward()
    assert summary.words.grad.abs().min() > 0
    assert all(parameter.grad is None for parameter in tower.parameters())


def test_texts_without_a_place_for_the_learned_words_are_refused(tower: TextTower) -> None:
    bare = CaptionSummary(tower.width, 2, None).double()
    with pytest.raises(DataError, match='a text has 4 tokens, expected more than 7: set model.prefixes'):
        bare(tower, tokens_of('A hat').expand(1, 3, -1).int())
    with pytest.raises(DataError, match='needs a prefix that stands alone'):
        bare(tower, tokens_of(CAPTION).expand(1, 3, -1).int(), torch.tensor([[True, False, True]]))


def test_positions_by_hand() -> None:
    """A map of 8 x 6 cells: 3 x 2 places; without offsets (2 j + 2) / 7 and (2 i + 2) / 5, moved to -1 ... 1."""
    offsets = torch.zeros(1, 2, 3, 2, dtype=torch.float64)
    found = sampling_positions(offsets, (8, 6), reach=5)
    for j in range(3):
        for i in range(2):
            expected = [(2 * j + 2) / 7 * 2 - 1, (2 * i + 2) / 5 * 2 - 1]
            assert found[0, j, i].tolist() == pytest.approx(expected)
    offsets[0, :, 0, 0] = torch.tensor([0.1, 3.0])
    moved = sampling_positions(offsets, (8, 6), reach=5)
    assert moved[0, 0, 0, 0].item() == pytest.approx(2 / 7 * 2 - 1 + np.tanh(0.1) / 2 * 5)
    assert moved[0, 0, 0, 1].item() == 1  # clamped


def test_the_aggregation_reads_by_interpolation() -> None:
    torch.manual_seed(0)
    dim, grid = 6, (8, 6)
    module = DeformableAggregation(dim, grid, reach=5).double()
    patches, queries = torch.randn(2, 3, 48, dim).double(), torch.randn(2, 4, dim).double()
    places = sampling_positions(module.offsets(patches), grid, 5)
    expected = []
    for b in range(2):
        keys = []
        for m in range(3):
            plane = patches[b, m].reshape(*grid, dim)
            for y, x in places[b].flatten(0, 1).tolist():
                row, column = (y + 1) / 2 * (grid[0] - 1), (x + 1) / 2 * (grid[1] - 1)
                top, left = min(int(row), grid[0] - 2), min(int(column), grid[1] - 2)
                down, right = row - top, column - left
                keys.append(
                    (1 - down) * ((1 - right) * plane[top, left] + right * plane[top, left + 1])
                    + down * ((1 - right) * plane[top + 1, left] + right * plane[top + 1, left + 1])
                )
        read = torch.stack(keys)
        scores = module.query(queries[b]) @ module.key(read).t() / dim**0.5
        expected.append(queries[b] + module.out(scores.softmax(dim=1) @ module.value(read)))
    torch.testing.assert_close(module(patches, queries), torch.stack(expected), rtol=1e-9, atol=1e-10)


def test_offsets_are_convolutions_over_the_three_maps() -> None:
    torch.manual_seed(0)
    module = DeformableAggregation(6, (8, 6), reach=5).double()
    patches = torch.randn(2, 3, 48, 6).double()
    maps = torch.cat([patches[:, m].transpose(1, 2).reshape(2, 6, 8, 6) for m in range(3)], dim=1)
    x = F.gelu(F.conv2d(maps, module.mix.weight[:, :, None, None], module.mix.bias))
    x = F.gelu(F.conv2d(x, module.depthwise.weight, module.depthwise.bias, stride=2, groups=6))
    expected = F.conv2d(x, module.offset.weight)
    assert expected.shape == (2, 2, 3, 2)
    torch.testing.assert_close(module.offsets(patches), expected, rtol=1e-9, atol=1e-10)


def test_too_few_patches_are_refused() -> None:
    with pytest.raises(ConfigError, match='the pictures give 4 x 2 patches, expected at least 4 x 4'):
        DeformableAggregation(6, (4, 2), reach=5)


def build(**changes: object) -> IDEAReID:
    torch.manual_seed(0)
    return MODELS.build(dict(num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR) | BASE | changes).eval()


@torch.no_grad()
def test_what_becomes_of_the_caption_of_an_absent_picture() -> None:
    """By default it goes with the picture; the authors keep it."""
    model = build()
    images, batch = make_batch(model, 2)
    there = torch.tensor([[True, False, True]] * 2)
    other = make_batch(model, 2, seed=5)[1].tokens
    batch = replace(batch, present=there)
    changed = replace(batch, tokens=torch.where(there[:, None, :, None], batch.tokens, other))
    assert torch.equal(model.feature(images, batch), model.feature(images, changed))
    silent = replace(batch, has_text=there)
    assert torch.equal(model.feature(images, batch), model.feature(images, silent))
    model.absent_captions = True
    assert not torch.equal(model.feature(images, batch), model.feature(images, changed))


def test_several_texts_a_caption_are_refused() -> None:
    model = build()
    images, batch = make_batch(model, 2)
    with pytest.raises(
        ConfigError, match=r'IDEAReID reads one text a caption, got 2: set SampleSentences.num_subsets=1'
    ):
        model.extract(images, replace(batch, tokens=batch.tokens.repeat(1, 2, 1, 1)))


@torch.no_grad()
def test_one_pass_and_three_agree() -> None:
    model = build()
    images, batch = make_batch(model, 2)
    apart = model.feature(images, batch)
    model.backbone.batch_modalities = True
    torch.testing.assert_close(model.feature(images, batch), apart, rtol=1e-4, atol=1e-5)


def test_a_tower_for_each_modality_is_refused() -> None:
    with pytest.raises(ConfigError, match="InvertedCLIPVisual.towers='separate': its modalities share one tower"):
        build(backbone=dict(BASE['backbone'], towers='separate'))


def test_the_stand_in_is_one_token() -> None:
    assert len(encode_text('X')) == 1
