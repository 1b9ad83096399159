"""ICPL's contrasts, prototypes and prompts against slow loops in double precision."""

from __future__ import annotations

import math
from dataclasses import replace

import open_clip
import pytest
import torch
from torch import Tensor

from next_mm.errors import CheckpointError, ConfigError
from next_mm.methods.icpl import AdapterCLIPVisual, ICPLReID
from next_mm.methods.icpl.alignment import contrast_prototypes, contrast_texts, mean_by_identity, update_prototypes
from next_mm.methods.icpl.convert import KEY_MAPS
from next_mm.methods.icpl.prompts import IdentityPrompts, encode_prompts
from next_mm.models.clip.loading import load_clip
from next_mm.models.conversion import KeyMap
from next_mm.models.text.text_tower import TextTower
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.methods.icpl.toy import BASE, TOYS
from tests.methods.toys import CLIP, NUM_CLASSES, PREPROCESSOR, TEXT, make_batch

B, C, W = 7, 5, 6
LABELS = torch.tensor([3, 0, 3, 3, 1, 0, 4])


def unit(x: Tensor) -> Tensor:
    return x / x.norm()


def minus_log_share(scores: list[float], place: int) -> float:
    return math.log(sum(math.exp(score) for score in scores)) - scores[place]


def test_pictures_and_prototypes() -> None:
    features, prototypes = torch.randn(B, W).double(), torch.stack([unit(p) for p in torch.randn(C, W).double()])
    losses = [
        minus_log_share([float(unit(f) @ p) / 0.05 for p in prototypes], int(y)) for f, y in zip(features, LABELS)
    ]
    found = contrast_prototypes(features, prototypes, LABELS, 0.05)
    assert found.item() == pytest.approx(sum(losses) / B, rel=1e-9)


def test_prototypes_and_texts_both_ways() -> None:
    prototypes, texts = torch.randn(4, W).double(), torch.randn(4, W).double()
    there = [minus_log_share([float(p @ t) for t in texts], u) for u, p in enumerate(prototypes)]
    back = [minus_log_share([float(t @ p) for p in prototypes], u) for u, t in enumerate(texts)]
    assert contrast_texts(prototypes, texts).item() == pytest.approx((sum(there) + sum(back)) / 4, rel=1e-9)


def test_prototypes_move_sample_by_sample() -> None:
    """The order of an identity's samples counts."""
    features, prototypes = torch.randn(B, W).double(), torch.stack([unit(p) for p in torch.randn(C, W).double()])
    expected = prototypes.clone()
    for feature, label in zip(features, LABELS):
        expected[label] = unit(0.1 * expected[label] + 0.9 * unit(feature))
    before = prototypes.clone()
    torch.testing.assert_close(update_prototypes(prototypes, features, LABELS, 0.1), expected, rtol=1e-10, atol=1e-12)
    assert torch.equal(prototypes, before)


def test_means_are_of_unit_length_and_zero_without_pictures() -> None:
    sums = torch.tensor([[6.0, 8.0], [0.0, 0.0]])
    torch.testing.assert_close(mean_by_identity(sums, torch.tensor([2.0, 0.0])), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


@pytest.fixture(scope='module')
def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(load_clip(TEXT['model_name'], None), 'tiny').double()


@pytest.mark.parametrize('num_words', [2, 4])
def test_prompts_are_sentences_with_learned_words(tower: TextTower, num_words: int) -> None:
    """The whole sentence of 77 tokens through the tower with a mask, for any number of words."""
    prompts = IdentityPrompts(tower, C, 'A photo of a {learned} person.', num_words).double()
    text = f'A photo of a {" ".join("X" * num_words)} person.'
    ids = open_clip.SimpleTokenizer()([text], context_length=77)[0]
    mask = torch.full((77, 77), -torch.inf, dtype=torch.float64).triu(1)
    found = encode_prompts(tower, prompts(torch.tensor([4, 0])))
    for row, label in zip(found, (4, 0)):
        x = tower.token_embedding(ids)
        x = torch.cat([x[:5], prompts.words[label], x[5 + num_words :]]) + tower.positional_embedding
        for block in tower.blocks:
            x = block(x.unsqueeze(0), attn_mask=mask)[0]
        expected = (tower.ln_final(x) @ tower.text_projection)[int(ids.argmax())]
        torch.testing.assert_close(row, expected, rtol=1e-9, atol=1e-10)
    assert prompts.prefix.shape == (1, 5, 32) and prompts.suffix.shape == (1, 72 - num_words, 32)


def build(name: str = 'three towers', **changes: object) -> ICPLReID:
    torch.manual_seed(0)
    model = MODELS.build(dict(num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR) | TOYS[name] | changes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize('name', list(TOYS))
def test_text_features_of_all_and_of_the_batch(name: str) -> None:
    model = build(name)
    labels = torch.tensor([0, 2])
    texts, everyone = model.encode_identities(labels)
    assert list(texts) == (['rgb', 'nir', 'tir'] if name == 'three towers' else ['shared'])
    for owner, prompts in model.prompts.items():
        expected = encode_prompts(model.text.tower, prompts(torch.arange(NUM_CLASSES)))
        torch.testing.assert_close(everyone[owner], expected.detach(), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(texts[owner], expected[labels], rtol=1e-4, atol=1e-5)
        assert texts[owner].requires_grad and not everyone[owner].requires_grad


@torch.no_grad()
@pytest.mark.parametrize('epoch', [0, 3])
def test_prototypes_are_means_over_the_training_set(epoch: int) -> None:
    """Without the adapters in the first epochs; an absent picture does not count."""
    model = build()
    passes = []
    for seed in range(3):
        images, batch = make_batch(model, 4, seed=seed)
        present = torch.ones(4, 3, dtype=torch.bool)
        present[seed, 1] = False
        passes.append((images, replace(batch, labels=torch.tensor([0, 1, 1, 3]), present=present)))
    model.before_epoch(epoch, lambda: iter(passes))
    assert not model.training  # no dropout
    for m in range(3):
        for label in range(NUM_CLASSES):
            features = [
                model.backbone(images, adapted=epoch >= 3).classes[b, m]
                for images, batch in passes
                for b in range(4)
                if batch.labels[b] == label and batch.present[b, m]
            ]
            expected = unit(torch.stack(features).mean(dim=0)) if features else torch.zeros(64)
            torch.testing.assert_close(model.prototypes[m, label], expected, rtol=1e-4, atol=1e-5)


def test_prototypes_with_dropout_where_asked() -> None:
    model = build(noisy_prototypes=True)
    with torch.no_grad():
        model.before_epoch(0, lambda: iter(()))
    assert model.training


def test_the_contrasts_of_a_step() -> None:
    """Their sum from the formulas, with the prototypes of before the step; afterwards these have moved."""
    model = build()
    images, batch = make_batch(model, 8)
    with torch.no_grad():
        model.before_epoch(5, lambda: iter([(images, batch)]))
    model.eval()
    before = model.prototypes.clone()
    features = model.extract(images, batch)
    losses = model.loss(images, batch)
    labels = batch.labels.unique()
    for m, name in enumerate(('rgb', 'nir', 'tir')):
        prompts = model.prompts[name]
        texts = encode_prompts(model.text.tower, prompts(torch.arange(NUM_CLASSES)))
        projected = before[m][labels] @ model.backbone.towers[name].proj
        expected = {
            'prototypes': 0.9 * contrast_prototypes(features[name], before[m], batch.labels, 0.05),
            'prompts': contrast_texts(projected, texts[labels]),
            'texts': 0.1 * torch.nn.functional.cross_entropy(features[f'{name}_joint'] @ texts.t(), batch.labels),
        }
        for key, value in expected.items():
            torch.testing.assert_close(losses[f'{name}.loss_{key}'], 0.33 * value, rtol=1e-4, atol=1e-5)
        moved = update_prototypes(before[m], features[name], batch.labels, 0.1)
        torch.testing.assert_close(model.prototypes[m], moved, rtol=1e-4, atol=1e-5)
    assert {f'{name}.loss_before' for name in ('rgb', 'nir', 'tir')} <= losses.keys()


def test_the_weights_of_the_contrasts_change_with_epoch_21() -> None:
    model = build()
    for epoch, weights in ((0, (0.9, 0.1)), (19, (0.9, 0.1)), (20, (0.1, 0.9))):
        model.before_epoch(epoch, lambda: iter(()))
        assert model.contrast_weights == weights


@pytest.mark.parametrize('name', list(TOYS))
def test_what_learns(name: str) -> None:
    model = build(name)
    learning = {key for key, parameter in model.named_parameters() if parameter.requires_grad}
    towers = {key for key in learning if key.startswith(('backbone.tower.', 'backbone.towers.'))}
    assert {key.rsplit('.', 2)[-2] for key in towers if 'ln_post' in key} == {'ln_post'}
    assert all('ln_post' in key or key.endswith('proj') for key in towers)
    assert any(key.startswith('prompts.') for key in learning) and not any(key.startswith('text.') for key in learning)


@torch.no_grad()
def test_one_pass_and_three_agree() -> None:
    model = build('one tower').eval()
    images, batch = make_batch(model, 2)
    apart = model.feature(images, batch)
    model.backbone.batch_modalities = True
    torch.testing.assert_close(model.feature(images, batch), apart, rtol=1e-4, atol=1e-5)


def test_the_last_block_for_the_class_token_alone() -> None:
    torch.manual_seed(0)
    backbone = AdapterCLIPVisual(**CLIP, scale=0.5).double().eval()
    with torch.no_grad():
        for adapter in backbone.adapters['shared']:
            adapter.up.weight.normal_()
    x = torch.randn(2, 9, 64, dtype=torch.float64)
    block, adapter = backbone.tower.transformer.resblocks[1], backbone.adapters['shared'][1]
    whole = backbone.run_adapted(block, adapter, x)[:, 0]
    torch.testing.assert_close(backbone.run_last(block, adapter, x), whole, rtol=1e-9, atol=1e-10)


def test_wrong_options_and_weights_are_named() -> None:
    with pytest.raises(ConfigError, match="model.template='A photo.': expected a sentence with one {learned}"):
        build(template='A photo.')
    with pytest.raises(ConfigError, match='model.template has .* tokens, expected at most 77'):
        build(template='{learned} ' + 'very ' * 90)
    with pytest.raises(CheckpointError, match="expected the authors' weights of ICPL-ReID; 1 of 1 entries are unknown"):
        KEY_MAPS['separate'].to_ours({'BACKBONE.base.proj': torch.zeros(1)})
    heads = {f'model{k}.classifier.weight': torch.full((2, 3), float(k)) for k in (1, 2, 3)}
    key_map = KeyMap('ICPL-ReID', [r for r in KEY_MAPS['shared'].rules if 'classifier.' in getattr(r, 'theirs', '')])
    with pytest.raises(
        CheckpointError, match='model2.classifier.weight has other values than model1.classifier.weight'
    ):
        key_map.to_ours(heads)


def test_a_batch_reads_no_captions() -> None:
    model = build().eval()
    images, _ = make_batch(model, 2)
    assert not ICPLReID.reads_captions and BASE['text'] == TEXT
    assert model.feature(images, TripletBatch()).shape == (2, 3 * (64 + 32))
