"""Pointing of the small CLIP: losses against loops, the measure by hand, and what training touches."""

import math

import numpy as np
import pytest
import torch

from next_mm.models.clip.loading import load_clip
from projects.synthetic import grounding
from projects.synthetic.clip_features import CLIP_CONFIG
from projects.synthetic.clip_pairs import ClipPairs, render_pairs
from projects.synthetic.grounding import caption_auc, choice_loss, ground_captions, grounding_loss
from projects.synthetic.statements import PLACES

OTHER = list(PLACES).index('Another person.')


def cosine(one, other):
    return float(one @ other / (one.norm() * other.norm()))


@pytest.fixture(scope='module')
def pairs():
    return render_pairs('grounding', first=0, identities=24, triplets=1, seed=0, size=(64, 32))


def test_grounding_loss_against_a_loop():
    patches, text = torch.randn(3, 5, 4, dtype=torch.double), torch.randn(3, 4, dtype=torch.double)
    shown = torch.tensor([[1, 0, 0, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]], dtype=torch.bool)
    losses = {True: [], False: []}
    for row in range(3):
        for index in range(5):
            probability = 1 / (1 + math.exp(-6 * cosine(patches[row, index], text[row])))
            right = bool(shown[row, index])
            losses[right].append(-math.log(probability if right else 1 - probability))
    expected = (np.mean(losses[True]) + np.mean(losses[False])) / 2
    assert float(grounding_loss(patches, text, shown, torch.tensor(6.0))) == pytest.approx(expected)


def test_choice_loss_against_a_loop():
    patches, text, other = (torch.randn(*shape, dtype=torch.double) for shape in ((2, 4, 3), (2, 3), (2, 3)))
    whose = torch.tensor([[0, 1, 2, 2], [1, 1, 0, 2]])  # nobody, person, bystander
    losses = {1: [], 2: []}
    for row in range(2):
        for index in range(4):
            who = int(whose[row, index])
            if who:
                scores = [math.exp(4 * cosine(patches[row, index], caption[row])) for caption in (text, other)]
                losses[who].append(-math.log(scores[who - 1] / sum(scores)))
    expected = (np.mean(losses[1]) + np.mean(losses[2])) / 2
    assert float(choice_loss(patches, text, other, whose == 1, whose == 2, torch.tensor(4.0))) == pytest.approx(
        expected
    )


def test_auc_by_hand(monkeypatch):
    """Two pictures of four patches: background, person, person, bystander; of the second there is no bystander."""
    pairs = ClipPairs(
        pictures=np.zeros((2, 3, 8, 32, 3), np.uint8),
        captions=[('a',) * 3] * 2,
        bystanders=[('b',) * 3, None],
        identities=np.arange(2),
        targets=np.zeros((2, 3, 1)),
        places=np.array([[0, 2, 3, OTHER], [0, 2, 0, 3]]),
    )
    angles = torch.tensor(
        [[[0.1, 0.2, 0.3, 0.25]] * 3, [[0.15, 0.05, 0.4, 0.35]] * 3]
    )  # a smaller angle is a higher cosine
    patches = torch.stack([angles.cos(), angles.sin()], dim=-1)
    monkeypatch.setattr(grounding, '_encode', lambda clip, pairs: (patches[:, :, 0], patches))
    monkeypatch.setattr(
        grounding, 'encode_captions', lambda clip, captions: torch.tensor([[1.0, 0.0]]).repeat(len(captions), 1)
    )
    figures = caption_auc(None, pairs)
    # Person .2 .3 .05 .35 against background .1 .15 .4: of 12 comparisons won .2>.4, .3>.4, .05 all
    # three, .35>.4 (as cosines).
    assert figures['rgb person against background, AUC'] == pytest.approx(100 * 6 / 12)
    # In the picture of two: .2 beats the bystander's .25, .3 does not.
    assert figures['tir person against bystander, AUC'] == pytest.approx(50)


def test_pictures_of_two_people_have_two_sets_of_captions_and_patches(pairs):
    double = [index for index, captions in enumerate(pairs.bystanders) if captions is not None]
    assert 0 < len(double) < 24
    for index in range(24):
        assert bool((pairs.places[index] == OTHER).any()) == (index in double)
    one, other = pairs.captions[double[0]], pairs.bystanders[double[0]]
    assert ('on the left' in one[0]) != ('on the left' in other[0]) and len(other) == 3


def test_the_text_tower_learns_to_point_and_the_visual_tower_stays(pairs):
    torch.manual_seed(0)
    clip = load_clip(str(CLIP_CONFIG), None).train()
    before = {name: tensor.clone() for name, tensor in clip.state_dict().items()}
    first = caption_auc(clip, pairs)
    ground_captions(clip, pairs, steps=30, batch_size=24, lr=1e-3, seed=0)
    last = caption_auc(clip, pairs)
    assert all(last[name] > first[name] + 5 for name in first if 'background' in name), (first, last)
    changed = {name for name, tensor in clip.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed and not any(name.startswith('visual') or name == 'logit_scale' for name in changed)
