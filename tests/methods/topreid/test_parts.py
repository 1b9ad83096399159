"""TOP-ReID's parts against the formulas written out, and what becomes of absent modalities."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from next_mm.methods.topreid.permutation import ClassAttention, TokenPermutation
from next_mm.methods.topreid.reconstruction import PAIRS, TokenReconstruction
from tests.tolerances import rounding


@torch.no_grad()
def test_class_attention_is_the_formula_head_by_head() -> None:
    torch.manual_seed(0)
    layer = ClassAttention(8, num_heads=2).double()
    nn.init.normal_(layer.norm.weight)
    queries, patches = torch.randn(3, 8).double(), torch.randn(3, 5, 8).double()
    attended = torch.zeros(3, 8).double()
    for sample in range(3):
        for head in (slice(0, 4), slice(4, 8)):
            query = (layer.query.weight @ queries[sample])[head]
            scores = [float(query @ (layer.key.weight @ layer.norm(patch))[head]) / 2 for patch in patches[sample]]
            weights = [math.exp(score) for score in scores]
            for weight, patch in zip(weights, patches[sample]):
                attended[sample, head] += weight / sum(weights) * (layer.value.weight @ patch)[head]
    torch.testing.assert_close(layer(queries, patches), layer.out(attended))


def test_who_looks_at_whom() -> None:
    """A change of one modality's patches reaches in one step the class token that looks at them, and none else."""
    torch.manual_seed(0)
    permutation = TokenPermutation(8, num_heads=2)
    classes, patches = torch.randn(1, 3, 8), torch.randn(1, 3, 5, 8)
    looks_at = {0: {'rgb': 'nir', 'nir': 'tir', 'tir': 'rgb'}, 1: {'rgb': 'tir', 'nir': 'rgb', 'tir': 'nir'}}
    looks_at[2] = {name: name for name in ('rgb', 'nir', 'tir')}
    names = ('rgb', 'nir', 'tir')
    for number, step in enumerate(permutation.steps):
        order = [names.index(looks_at[number][name]) for name in names]
        plain = step(classes, patches[:, order])
        seen = TokenPermutation.forward(_only(permutation, number), classes, patches)
        assert torch.equal(plain, seen)


def _only(permutation: TokenPermutation, number: int) -> nn.Module:
    """The permutation with steps that change nothing but one."""

    class Idle(nn.Module):
        def forward(self, classes: Tensor, patches: Tensor) -> Tensor:
            return classes

    single = TokenPermutation(8, num_heads=2)
    single.steps = nn.ModuleList(step if n == number else Idle() for n, step in enumerate(permutation.steps))
    return single


def reconstruction() -> tuple[TokenReconstruction, Tensor]:
    torch.manual_seed(0)
    return TokenReconstruction(8, num_heads=2).double(), torch.randn(4, 3, 5, 8).double()


@torch.no_grad()
def test_the_loss_is_the_sum_over_the_six_pairs() -> None:
    module, tokens = reconstruction()
    expected = 0.0
    for source, target in ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)):
        errors = []
        for sample in tokens:
            rebuilt = module.rebuild(sample[source : source + 1], source, target)[0]
            errors += [(a - b) ** 2 for a, b in zip(rebuilt.flatten().tolist(), sample[target].flatten().tolist())]
        expected += sum(errors) / len(errors)
    allowed = rounding(kernels=3, terms=4 * 5 * 8)  # errors are taken, squared and summed in float32
    torch.testing.assert_close(float(module(tokens)), expected, rtol=allowed, atol=0)


def test_the_targets_get_gradient() -> None:
    module, tokens = reconstruction()
    for block in module.blocks.values():  # sources are cut off
        block.forward = lambda x: x.detach() * 0
    tokens.requires_grad_(True)
    module(tokens).backward()
    torch.testing.assert_close(tokens.grad, 4 * tokens.detach() / tokens[:, 0].numel())  # twice a target


def test_a_pair_is_compared_where_both_are_present() -> None:
    module, tokens = reconstruction()
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, True], [True, True, True]])
    whole = present.all(dim=1)
    expected = 0.0
    for source, target in PAIRS:
        rows = present[:, source] & present[:, target]
        expected += (module.rebuild(tokens[rows, source], source, target) - tokens[rows, target]).square().mean()
    torch.testing.assert_close(module(tokens, present).double(), expected, rtol=1e-6, atol=0)
    assert not whole.all()


def test_absent_modalities_are_made_of_what_is_there_sample_by_sample() -> None:
    module, tokens = reconstruction()
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [True, True, False]])
    made = {
        (1, 1): [(0, 1), (2, 1)],
        (2, 0): [(1, 0)],
        (2, 2): [(1, 2)],
        (3, 2): [(0, 2), (1, 2)],
    }
    expected = tokens.clone()
    for (sample, modality), pairs in made.items():
        rebuilt = [module.rebuild(tokens[sample : sample + 1, source], source, target) for source, target in pairs]
        expected[sample, modality] = torch.stack(rebuilt).mean(dim=0)[0]
    garbled = torch.where(present[:, :, None, None], tokens, torch.nan)
    torch.testing.assert_close(module.complete(garbled, present), expected)
