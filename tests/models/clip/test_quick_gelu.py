import copy

import open_clip
import pytest
import torch
from open_clip.transformer import QuickGELU, ResidualAttentionBlock
from torch import nn

from next_mm.models.clip.quick_gelu import QuickGELUMLP, is_quick_gelu


def block(activation: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return ResidualAttentionBlock(8, 2, act_layer=activation).double().mlp


@pytest.mark.parametrize('shape', [(3, 8), (2, 5, 8)])
def test_equals_open_clips_block_and_its_gradients(shape: tuple[int, ...]):
    reference = block(QuickGELU)
    ours = QuickGELUMLP(copy.deepcopy(reference))
    x = (3 * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    y = x.detach().clone().requires_grad_()
    torch.testing.assert_close(ours(x), reference(y), rtol=0, atol=1e-12)
    weights = torch.randn(shape, dtype=torch.float64)
    (ours(x) * weights).sum().backward()
    (reference(y) * weights).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=1e-12)
    for (name, mine), theirs in zip(ours.named_parameters(), reference.parameters()):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=0, atol=1e-12, msg=name)


def test_same_with_and_without_gradients_and_the_input_is_left_alone():
    ours = QuickGELUMLP(block(QuickGELU))
    x = torch.randn(4, 8, dtype=torch.float64)
    before = x.clone()
    with torch.no_grad():
        features = ours(x)
    assert torch.equal(features, ours(x).detach()) and torch.equal(x, before)


def test_same_parameter_names_and_other_activations_are_left_alone():
    assert list(QuickGELUMLP(block(QuickGELU)).state_dict()) == list(block(QuickGELU).state_dict())
    assert is_quick_gelu(block(QuickGELU))
    assert not is_quick_gelu(block(nn.GELU))
    assert not is_quick_gelu(nn.Linear(2, 2))


def test_a_clip_with_quick_gelu_is_recognised():
    model = open_clip.create_model('ViT-B-16-quickgelu', device='meta')
    assert all(is_quick_gelu(part.mlp) for part in [*model.visual.transformer.resblocks, *model.transformer.resblocks])
