"""The 3M loss of IEEE by hand, and epochs in which the classifiers alone learn."""

from __future__ import annotations

import copy

import torch

from next_mm.methods.ieee.loss import margin_loss
from next_mm.registry import MODELS
from tests.methods.ieee.toy import TOYS
from tests.methods.toys import NUM_CLASSES, PREPROCESSOR


def test_by_hand() -> None:
    centers = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])  # squared distances 2, 0, 2
    features = centers.unsqueeze(1).repeat(1, 4, 1)
    assert margin_loss(features, torch.tensor([0, 0, 1, 1]), 1.0).item() == 2.0  # gaps 1, 1, 1 for two identities
    assert margin_loss(features, torch.tensor([0, 0, 0, 0]), 3.0).item() == 3.0
    present = torch.tensor([[True, True, False]] * 4)
    assert margin_loss(features, torch.tensor([0, 0, 0, 0]), 3.0, present).item() == 1.0  # RGB and NIR alone


def test_classifiers_learn_first() -> None:
    config = dict(copy.deepcopy(TOYS['parts']), classifiers_first=1)
    model = MODELS.build(dict(config, num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR)).train()
    model.before_epoch(0, lambda: iter([]))
    model.train()
    assert {name.split('.')[0] for name, p in model.named_parameters() if p.requires_grad} == {'branches'}
    assert not model.backbone.training and model.branches.training
    model.before_epoch(1, lambda: iter([]))
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.backbone.training
