"""The centres make the step of an SGD of their own."""

from __future__ import annotations

import torch

from next_mm.models.losses import CenterLoss


def test_loss_and_centres_follow_a_separate_sgd() -> None:
    torch.manual_seed(0)
    loss = CenterLoss(num_classes=3, feature_dim=4, weight=0.01, lr=0.5).double().train()
    centers = loss.centers.clone().requires_grad_()
    optimizer = torch.optim.SGD([centers], lr=0.5)
    for labels in (torch.tensor([0, 0, 2, 2]), torch.tensor([1, 0, 1, 0])):
        features = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
        slow = sum((features[i] - centers[labels[i]]).square().sum() for i in range(4)) / 4
        optimizer.zero_grad()
        (expected,) = torch.autograd.grad(0.01 * slow, features, retain_graph=True)
        slow.backward(inputs=[centers])  # without the weight
        optimizer.step()
        value = loss(features, labels)
        torch.testing.assert_close(value, 0.01 * slow.detach())
        torch.testing.assert_close(torch.autograd.grad(value, features)[0], expected)
        torch.testing.assert_close(loss.centers, centers.detach())


def test_a_test_moves_no_centre() -> None:
    loss = CenterLoss(num_classes=2, feature_dim=3).eval()
    before = loss.centers.clone()
    loss(torch.randn(2, 3), torch.tensor([0, 1]))
    assert torch.equal(loss.centers, before)
