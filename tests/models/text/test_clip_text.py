import json
from pathlib import Path

import open_clip
import pytest
import torch

from next_mm.errors import ConfigError
from next_mm.models.clip.loading import load_clip
from next_mm.models.text import CLIPText
from next_mm.models.text.text_tower import TextTower
from tests.conftest import TINY_CLIP
from tests.models.text.conftest import build_encoder
from tests.tolerances import BLOCK, assert_equal_up_to_rounding

TOWER = dict(kernels=2 * BLOCK + 3, terms=4 * 32)  # the tiny tower: 2 blocks, width 32, 3 kernels around them


def reference(tiny_clip: str, tokens: torch.Tensor, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    with torch.no_grad():
        return load_clip(tiny_clip, None).eval().encode_text(tokens.long())


def test_equals_open_clip(tiny_clip: str, captions: torch.Tensor):
    for cache in (None, {}):
        encoder = build_encoder(tiny_clip, cache=cache)
        expected = reference(tiny_clip, captions)
        assert_equal_up_to_rounding(encoder(captions), expected, **TOWER)
        assert expected.std(dim=0).min() > 0.01  # the captions differ
        assert_equal_up_to_rounding(encoder(captions.view(31, 1, 77))[:, 0], expected, **TOWER)


def test_equals_open_clip_with_a_text_tower_apart(tmp_path: Path, captions: torch.Tensor):
    config = json.loads(json.dumps(TINY_CLIP))
    config['custom_text'] = True
    config['text_cfg'] |= {'pool_type': 'eos', 'eos_id': 49407, 'proj_bias': True}
    path = tmp_path / 'tiny-custom-text.json'
    path.write_text(json.dumps(config))
    encoder = build_encoder(str(path), cache=None)
    assert_equal_up_to_rounding(encoder(captions), reference(str(path), captions), **TOWER)


def test_other_towers_are_refused(tmp_path: Path):
    config = json.loads(json.dumps(TINY_CLIP))
    config['custom_text'] = True
    config['text_cfg'] |= {'no_causal_mask': True}
    path = tmp_path / 'tiny-both-ways.json'
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="tiny-both-ways.json: its text tower is not CLIP's"):
        CLIPText(model_name=str(path), pretrained=None)


@pytest.mark.parametrize(
    ('name', 'tokenizer'), [('ViT-L-14-worldwide', 'google/mt5-base'), ('ViT-H-14-worldwide', 'facebook/xlm-v-base')]
)
def test_models_with_another_tokenizer_are_refused(name: str, tokenizer: str):
    with pytest.raises(
        ConfigError,
        match=f"model_name='{name}': its text tower reads tokens of {tokenizer}, but TokenizeCaptions gives CLIP's",
    ):
        CLIPText(model_name=name, pretrained=None)


def test_towers_that_end_elsewhere_are_refused(tmp_path: Path):
    config = json.loads(json.dumps(TINY_CLIP))
    config['custom_text'] = True
    config['text_cfg'] |= {'pool_type': 'eos', 'eos_id': 2}
    path = tmp_path / 'tiny-other-end.json'
    path.write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="tiny-other-end.json: its text tower is not CLIP's"):
        CLIPText(model_name=str(path), pretrained=None)


def assert_bitwise_whatever_the_batch(with_cache: CLIPText, without: CLIPText, tokens: torch.Tensor) -> None:
    expected = without(tokens)
    order = torch.randperm(len(tokens), generator=torch.Generator().manual_seed(1))
    assert torch.equal(without(tokens[order]), expected[order])
    for start, stop in ((0, 1), (1, 4), (2, 5), (0, len(tokens))):  # new ones, known ones, and both
        assert torch.equal(with_cache(tokens[start:stop]), expected[start:stop])
    assert torch.equal(with_cache(tokens[order]), expected[order])


def test_bitwise_the_same_with_cache_and_without(tiny_clip: str, captions: torch.Tensor):
    assert_bitwise_whatever_the_batch(build_encoder(tiny_clip), build_encoder(tiny_clip, cache=None), captions)


@pytest.mark.real_size
def test_bitwise_the_same_at_real_size(captions: torch.Tensor):
    with_cache, without = (build_encoder('ViT-B-16-quickgelu', cache=cache) for cache in ({}, None))
    assert_bitwise_whatever_the_batch(with_cache, without, captions)
    expected = reference('ViT-B-16-quickgelu', captions)
    assert_equal_up_to_rounding(without(captions), expected, kernels=12 * BLOCK + 3, terms=4 * 512)


def test_garbage_behind_end_of_text_changes_nothing(encoder: CLIPText, captions: torch.Tensor):
    dirty = captions.clone()
    for row in dirty:
        end = int(row.argmax())
        row[end + 1 :] = torch.randint(0, 49406, (76 - end,))
    assert torch.equal(encoder(dirty), encoder(captions))


def test_cut_to_the_longest(encoder: CLIPText, captions: torch.Tensor):
    assert torch.equal(encoder(captions[:, :60]), encoder(captions))


def count_encoded(encoder: CLIPText, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counts = []
    original = TextTower.forward
    monkeypatch.setattr(TextTower, 'forward', lambda self, rows: counts.append(len(rows)) or original(self, rows))
    return counts


def test_equal_captions_are_encoded_once(encoder: CLIPText, captions: torch.Tensor, monkeypatch: pytest.MonkeyPatch):
    counts = count_encoded(encoder, monkeypatch)
    tokens = captions[[0, 1, 0, 2, 1, 0]].view(2, 3, 77)
    features = encoder(tokens)
    assert counts == [3]
    assert torch.equal(features[0, 0], features[1, 2]) and not torch.equal(features[0, 0], features[0, 1])


def test_seen_captions_are_not_encoded_again(tiny_clip: str, captions: torch.Tensor, monkeypatch: pytest.MonkeyPatch):
    encoder = build_encoder(tiny_clip)
    counts = count_encoded(encoder, monkeypatch)
    encoder(captions[:5])
    encoder(captions[:5])
    encoder(captions[3:7])
    assert counts == [5, 2]


def test_full_precision_inside_autocast(tiny_clip: str, captions: torch.Tensor):
    encoder = build_encoder(tiny_clip)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        features = encoder(captions)
    assert features.dtype == torch.float32
    assert torch.equal(features, build_encoder(tiny_clip, cache=None)(captions))


def test_gradient_flows_past_but_not_in(encoder: CLIPText, captions: torch.Tensor):
    features = encoder(captions[:2])
    assert not features.requires_grad
    weight = torch.ones(features.shape[1], requires_grad=True)
    (features * weight).sum().backward()  # the features may take part in a graph
    assert weight.grad is not None


def test_empty_batch(encoder: CLIPText, tiny_clip: str):
    for text in (encoder, build_encoder(tiny_clip)):
        assert text(torch.zeros(0, 1, 3, 77, dtype=torch.int32)).shape == (0, 1, 3, 32)


@pytest.mark.parametrize(
    ('tokens', 'message'),
    [
        (torch.zeros(1, 77), 'integer caption tokens on the CPU, got torch.float32'),
        (torch.tensor([[49408, 0]]), 'token ids from 0 to 49407, got 0 to 49408'),
        (torch.tensor([[*range(1, 90), 49407]]), 'at most 77 tokens, got 90'),
    ],
)
def test_bad_tokens(encoder: CLIPText, tokens: torch.Tensor, message: str):
    with pytest.raises(ValueError, match=message):
        encoder(tokens)


def test_captions_without_an_end_are_refused(encoder: CLIPText, captions: torch.Tensor):
    endless = captions[:3].clone()
    endless[1][endless[1] == 49407] = 5
    with pytest.raises(
        ConfigError, match=r"1 of 3 captions do not end with CLIP's end-of-text token 49407, first: \[49406, "
    ):
        encoder(endless)


def test_captions_beyond_the_towers_context_are_a_mistake_of_the_config(tmp_path: Path, captions: torch.Tensor):
    path = tmp_path / 'tiny-short.json'
    path.write_text(json.dumps({**TINY_CLIP, 'text_cfg': {**TINY_CLIP['text_cfg'], 'context_length': 8}}))
    with pytest.raises(
        ConfigError, match='at most 8 tokens, got 41; set TokenizeCaptions.context_length=8 in every pipeline'
    ):
        build_encoder(str(path))(captions)


def test_empty_text_has_a_feature(tiny_clip: str, encoder: CLIPText):
    tokens = open_clip.get_tokenizer('ViT-B-16')(['']).int()
    assert_equal_up_to_rounding(encoder(tokens), reference(tiny_clip, tokens), **TOWER)
