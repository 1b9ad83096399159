"""DeMo's modules against the modules that they are in the paper, one subset and one expert after the other."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from next_mm.errors import CheckpointError
from next_mm.methods.demo.atmoe import AttentionMixture
from next_mm.methods.demo.convert import KEY_MAPS
from next_mm.methods.demo.hdm import SUBSETS, SubsetAttention
from next_mm.models.clip.quick_gelu import quick_gelu

B, S, D, H = 3, 5, 24, 4


def test_each_subset_is_a_multi_head_attention() -> None:
    module = SubsetAttention(D, num_heads=H).double().eval()
    nn.init.normal_(module.in_proj_bias)
    nn.init.normal_(module.out_proj_bias)
    tokens = torch.randn(B, 3, S, D, dtype=torch.float64)
    found = module(tokens)
    assert found.shape == (B, 7, D)
    for k, subset in enumerate(SUBSETS):
        slow = nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
        slow.load_state_dict(
            {
                'in_proj_weight': module.in_proj_weight[k],
                'in_proj_bias': module.in_proj_bias[k],
                'out_proj.weight': module.out_proj_weight[k],
                'out_proj.bias': module.out_proj_bias[k],
            }
        )
        keys = torch.cat([tokens[:, m] for m in subset], dim=1)
        query = module.queries[k].expand(B, 1, D)
        expected = slow(query, keys, keys, need_weights=False)[0].squeeze(1)
        torch.testing.assert_close(found[:, k], expected, rtol=1e-10, atol=1e-10)


def test_dropout_drops_tokens_with_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in torch's own attention, the value's bias goes with a token."""
    module = SubsetAttention(D, num_heads=H, dropout=0.5).double().train()
    nn.init.normal_(module.in_proj_bias)
    tokens = torch.randn(1, 3, S, D, dtype=torch.float64)
    kept = torch.rand(1, 7, H, 3 * S) > 0.5
    monkeypatch.setattr(F, 'dropout', lambda attention, p, training: attention * kept / (1 - p))
    found = module(tokens)
    for k, subset in enumerate(SUBSETS):
        query_weight, key_weight, value_weight = module.in_proj_weight[k].chunk(3)
        query_bias, key_bias, value_bias = module.in_proj_bias[k].chunk(3)
        places = torch.cat([torch.arange(m * S, (m + 1) * S) for m in subset])
        x = tokens.flatten(1, 2)[0, places]
        query, keys = query_weight @ module.queries[k] + query_bias, x @ key_weight.t() + key_bias
        values, parts = x @ value_weight.t() + value_bias, []
        for h in range(H):
            part = slice(h * D // H, (h + 1) * D // H)
            attention = (keys[:, part] @ query[part] / (D / H) ** 0.5).softmax(dim=0)
            parts.append((attention * kept[0, k, h, places] / 0.5) @ values[:, part])
        expected = torch.cat(parts) @ module.out_proj_weight[k].t() + module.out_proj_bias[k]
        torch.testing.assert_close(found[0, k], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('training', [False, True])
def test_the_experts_are_small_networks(training: bool) -> None:
    module = AttentionMixture(D, 7, H).double().train(training)
    with torch.no_grad():
        for tensor in (module.norm.weight, module.norm.bias, module.norm.running_mean):
            tensor.normal_()
        module.norm.running_var.uniform_(0.5, 2)
    features = torch.randn(B, 7, D, dtype=torch.float64)
    width = D // H
    expected = torch.zeros(B, 7, H, width, dtype=torch.float64)
    gates = module.gate(features)
    torch.testing.assert_close(gates.sum(dim=1), torch.ones(B, H, dtype=torch.float64))
    for j in range(7):
        for h in range(H):
            norm = nn.BatchNorm1d(width, dtype=torch.float64).train(training)
            place = slice((j * H + h) * width, (j * H + h + 1) * width)
            norm.load_state_dict({key: v[place] if v.dim() else v for key, v in module.norm.state_dict().items()})
            x = features[:, j, h * width : (h + 1) * width]
            answer = norm(quick_gelu(x @ module.weight[j, h].t() + module.bias[j, h]))
            expected[:, j, h] = gates[:, j, h].unsqueeze(1) * answer
    torch.testing.assert_close(module(features), expected.flatten(1), rtol=1e-9, atol=1e-10)


def test_the_gate_by_hand() -> None:
    gate = AttentionMixture(D, 7, H).double().eval().gate
    features = torch.randn(B, 7, D, dtype=torch.float64)
    u = gate.norm(quick_gelu(gate.reduce(features.flatten(1))))
    for h in range(H):
        part = slice(h * D // H, (h + 1) * D // H)
        scores = (gate.key(features)[..., part] @ gate.query(u)[:, part].unsqueeze(-1)).squeeze(-1) / (D / H) ** 0.5
        torch.testing.assert_close(gate(features)[..., h], scores.softmax(dim=1), rtol=1e-10, atol=1e-12)


def test_weights_of_another_system_are_refused() -> None:
    theirs = {'model1.classifier.weight': torch.zeros(3, 4), 'model1.image_encoder.proj': torch.zeros(2, 2)}
    with pytest.raises(CheckpointError, match="expected the authors' weights of DeMo; 2 of 2 entries are unknown"):
        KEY_MAPS['authors'].to_ours(theirs)
