"""The cost of the real model against the paper's Tables IV and VIII, and of a tiny one against counting by hand."""

from pathlib import Path

import pytest
import torch

from next_mm.analysis.cost import PartCost, cost_table, count_costs
from next_mm.apis import load_config
from next_mm.errors import ConfigError
from next_mm.registry import MODELS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def costs() -> dict[str, PartCost]:
    cfg = load_config(ROOT / 'configs' / 'next_rgbnt201.py')
    cfg.model.backbone.pretrained = cfg.model.text.pretrained = None
    return count_costs(MODELS.build(cfg.model), cfg.model.backbone.image_size)


def _sum(costs: dict[str, PartCost], *parts: str) -> PartCost:
    return sum((costs[part] for part in parts), PartCost())


def test_trainable_parameters_are_the_papers(costs: dict[str, PartCost]) -> None:
    row_b = _sum(costs, 'visual', 'MGFA', 'BNNeck, classifier')
    assert f'{row_b.trainable / 1e6:.1f}' == '88.5'
    assert f'{(row_b + costs["TMSE"]).trainable / 1e6:.1f}' == '92.5'
    assert f'{sum(costs.values(), PartCost()).trainable / 1e6:.1f}' == '94.8'
    assert costs['text'].trainable == 0
    assert f'{costs["text"].frozen / 1e6:.2f}' == '63.43'


def test_multiply_accumulates_are_the_papers(costs: dict[str, PartCost]) -> None:
    assert costs['visual'].macs / 1e9 == pytest.approx(33.3, rel=0.02)
    assert costs['text'].macs / 1e9 == pytest.approx(8.8, rel=0.02)
    assert sum(costs.values(), PartCost()).macs / 1e9 == pytest.approx(44.8, rel=0.02)
    assert _sum(costs, 'visual', 'TMSE', 'CSSE', 'MGFA').macs / 1e9 == pytest.approx(36.0, rel=0.02)
    assert costs['MGFA'].executed < costs['MGFA'].macs / 10  # queries go to the tokens' space, not tokens to the keys'
    # scores and weighted sums of 12 blocks over 129 tokens of width 768, three modalities
    assert costs['visual'].attention == 3 * 12 * 2 * 129 * 129 * 768
    assert '│ sum ' in cost_table('x', costs)


def test_a_tiny_model_by_hand(baseline_cfg: dict) -> None:
    model = MODELS.build({**baseline_cfg, 'num_classes': 5})
    attention = torch.nn.functional.scaled_dot_product_attention
    costs = count_costs(model, (32, 16))
    assert set(costs) == {'visual', 'BNNeck, classifier'}
    tokens, width = 9, 64  # 4 x 2 patches and the class token
    patches = 8 * width * 3 * 8 * 8
    blocks = 2 * tokens * 12 * width * width
    projection = tokens * width * 32
    assert costs['visual'].macs == costs['visual'].executed == 3 * (patches + blocks + projection)
    assert costs['BNNeck, classifier'] == PartCost(trainable=96 + 96 * 5, frozen=96)
    assert model.training
    assert torch.nn.functional.scaled_dot_product_attention is attention


def test_captions_encoded_ahead_have_no_tower_to_count() -> None:
    model = torch.nn.Module()
    model.text = torch.nn.Identity()
    with pytest.raises(
        ConfigError, match='model.text is Identity, which has no text tower to count: count with CLIPText'
    ):
        count_costs(model, (32, 16))
