"""Statements about pictures and patches, by hand and against a loop."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from projects.synthetic.attributes import rng_for, sample_environment, sample_identity
from projects.synthetic.captions import VALUES, true_attributes
from projects.synthetic.person import NUM_MATERIALS, Material
from projects.synthetic.statements import PLACES, StatementLoss, attribute_targets, patch_places, statements


def test_statements_are_all_different():
    told = statements()
    assert len(set(told)) == len(told) == sum(map(len, VALUES.values())) + len(PLACES)
    assert 'A person. The person is wearing red upper clothing.' in told and told[-len(PLACES)] == 'The background.'


def test_places_of_patches_by_hand():
    labels = np.zeros((16, 16), np.uint8)
    labels[:8, :8] = Material.UPPER
    labels[:8, 8:11] = Material.HAIR  # 3 of 8 columns: more than half of what the background has
    labels[8:, :1] = Material.SKIN  # too little
    labels[8:, 8:] = NUM_MATERIALS + Material.UPPER
    names = list(PLACES)
    assert [names[index] for index in patch_places(labels, (2, 2))] == [
        'Upper clothing.',
        'The face and hair.',
        'The background.',
        'Another person.',
    ]


def test_targets_name_the_truth_and_skip_what_a_modality_does_not_show():
    truth = true_attributes(sample_identity(rng_for(1)), sample_environment(rng_for(2), 1))
    targets = attribute_targets(truth)
    names = list(VALUES)
    assert VALUES['gender'][targets[2, names.index('gender')]] == truth['tir']['gender']
    assert targets[1, names.index('upper_color')] == -1 and targets[2, names.index('illumination')] == -1


def test_picture_loss_against_a_loop():
    features = torch.randn(4, 6, dtype=torch.double)
    text = F.normalize(torch.randn(len(statements()), 6, dtype=torch.double), dim=-1)
    targets = torch.stack([torch.randint(len(values), (4,)) for values in VALUES.values()], dim=1)
    targets[:, 3] = -1  # one attribute that this modality does not show
    losses, start = [], 0
    for index, values in enumerate(VALUES.values()):
        for row in range(4):
            cosine = [
                5 * float(torch.cosine_similarity(features[row], text[start + value], dim=0))
                for value in range(len(values))
            ]
            if index != 3:
                losses.append(np.log(np.exp(cosine).sum()) - cosine[targets[row, index]])
        start += len(values)
    assert float(StatementLoss(text, torch.tensor(5.0)).picture(features, targets)) == pytest.approx(np.mean(losses))


def test_patches_learn_from_their_place_alone():
    """A footwear patch gets no gradient from the upper garment's colour."""
    text = F.normalize(torch.randn(len(statements()), 6), dim=-1)
    features = torch.randn(1, 2, 6, requires_grad=True)
    places = torch.tensor([[list(PLACES).index('Footwear.'), list(PLACES).index('Upper clothing.')]])
    targets = torch.zeros(1, len(VALUES), dtype=torch.long)
    color = list(VALUES).index('upper_color')
    loss = StatementLoss(text, torch.tensor(5.0))
    grads = []
    for value in (0, 5):
        changed = targets.clone()
        changed[:, color] = value
        grads.append(torch.autograd.grad(loss.patches(features, changed, places), features)[0])
    assert torch.equal(grads[0][0, 0], grads[1][0, 0]) and not torch.equal(grads[0][0, 1], grads[1][0, 1])
