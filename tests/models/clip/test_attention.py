import pytest
import torch
from torch import nn

from next_mm.models.clip.attention import SelfAttention, attend_with_map, read_by_one_query


@pytest.mark.parametrize('masked', [False, True])
def test_equals_the_module_it_takes_the_place_of(masked: bool):
    slow = nn.MultiheadAttention(24, 4, batch_first=True, dtype=torch.float64)
    nn.init.normal_(slow.in_proj_bias)
    nn.init.normal_(slow.out_proj.bias)
    x = torch.randn(3, 7, 24, dtype=torch.float64)
    mask = torch.full((7, 7), -torch.inf, dtype=torch.float64).triu(1) if masked else None
    expected = slow(x, x, x, need_weights=False, attn_mask=mask)[0]
    fast = SelfAttention(slow)
    torch.testing.assert_close(fast(x, attn_mask=mask)[0], expected, rtol=1e-10, atol=1e-10)
    assert fast.state_dict().keys() == slow.state_dict().keys()  # checkpoints of either load in the other


@pytest.fixture
def slow() -> nn.MultiheadAttention:
    module = nn.MultiheadAttention(24, 4, batch_first=True, dtype=torch.float64)
    nn.init.normal_(module.in_proj_bias)
    nn.init.normal_(module.out_proj.bias)
    return module


def test_one_query_reads_as_in_the_module(slow: nn.MultiheadAttention) -> None:
    query, tokens = torch.randn(3, 24, dtype=torch.float64), torch.randn(3, 7, 24, dtype=torch.float64)
    expected = slow(query.unsqueeze(1), tokens, tokens, need_weights=False)[0].squeeze(1)
    torch.testing.assert_close(read_by_one_query(SelfAttention(slow), query, tokens), expected, rtol=1e-10, atol=1e-10)


def test_the_map_is_that_of_the_module(slow: nn.MultiheadAttention) -> None:
    x = torch.randn(3, 7, 24, dtype=torch.float64)
    expected = slow(x, x, x)
    answer, found = attend_with_map(SelfAttention(slow), x)
    torch.testing.assert_close(answer, expected[0], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(found, expected[1], rtol=1e-10, atol=1e-10)
    assert answer.requires_grad and not found.requires_grad


@pytest.mark.parametrize(
    'options', [{'batch_first': False}, {'bias': False}, {'dropout': 0.1}, {'kdim': 8}, {'add_bias_kv': True}]
)
def test_another_kind_of_attention_is_refused(options: dict):
    with pytest.raises(ValueError, match='expected a plain batch-first self-attention'):
        SelfAttention(nn.MultiheadAttention(24, 4, **{'batch_first': True, **options}))
