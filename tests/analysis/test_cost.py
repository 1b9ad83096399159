"""The cost of the real model against the paper's Tables IV and VIII, and of a tiny one against counting by hand."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.analysis.cost import BRANCHES, OTHER, PartCost, cost_table, count_costs
from next_mm.apis import drop_weights, load_config
from next_mm.errors import ConfigError, DataError
from next_mm.models import CLIPText, ReIDModel
from next_mm.models.clip.attention import attend_and_weigh
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def costs() -> dict[str, PartCost]:
    cfg = load_config(ROOT / 'configs' / 'next_rgbnt201.py')
    drop_weights(cfg)
    return count_costs(MODELS.build(cfg.model))


def _sum(costs: dict[str, PartCost], *parts: str) -> PartCost:
    return sum((costs[part] for part in parts), PartCost())


def test_trainable_parameters_are_the_papers(costs: dict[str, PartCost]) -> None:
    row_b = _sum(costs, 'visual encoder', 'MGFA', BRANCHES)
    assert f'{row_b.trainable / 1e6:.1f}' == '88.5'
    assert f'{(row_b + costs["TMSE"]).trainable / 1e6:.1f}' == '92.5'
    assert f'{sum(costs.values(), PartCost()).trainable / 1e6:.1f}' == '94.8'
    assert costs['text encoder'].trainable == 0
    assert f'{costs["text encoder"].frozen / 1e6:.2f}' == '63.43'


def test_multiply_accumulates_are_the_papers(costs: dict[str, PartCost]) -> None:
    assert costs['visual encoder'].macs / 1e9 == pytest.approx(33.3, rel=0.02)
    assert costs['text encoder'].macs / 1e9 == pytest.approx(8.8, rel=0.02)
    assert sum(costs.values(), PartCost()).macs / 1e9 == pytest.approx(44.8, rel=0.02)
    assert _sum(costs, 'visual encoder', 'TMSE', 'CSSE', 'MGFA').macs / 1e9 == pytest.approx(36.0, rel=0.02)
    # Queries go to the experts' hidden layers, not hidden layers to tokens and tokens to keys.
    assert costs['MGFA'].executed < costs['MGFA'].macs / 3
    assert costs['CSSE'].executed == pytest.approx(costs['CSSE'].macs / 2, rel=0.01)
    assert costs['TMSE'].executed < 0.6 * costs['TMSE'].macs  # some tokens are not sampled, either
    # scores and weighted sums of 12 blocks over 129 tokens of width 768, three modalities
    assert costs['visual encoder'].attention == 3 * 12 * 2 * 129 * 129 * 768
    assert '│ sum ' in cost_table('x', costs)


def test_a_tiny_model_by_hand(baseline_cfg: dict) -> None:
    model = MODELS.build({**baseline_cfg, 'num_classes': 5})
    costs = count_costs(model)
    assert list(costs) == ['backbone', BRANCHES]
    tokens, width = 9, 64  # 4 x 2 patches and the class token
    patches = 8 * width * 3 * 8 * 8
    blocks = 2 * tokens * 12 * width * width
    projection = tokens * width * 32
    assert costs['backbone'].macs == costs['backbone'].executed == 3 * (patches + blocks + projection)
    assert costs[BRANCHES] == PartCost(trainable=96 + 96 * 5, frozen=96)
    assert model.training


class Halved(nn.Linear):
    """Runs half of the usual form."""

    def count_macs(self, args: tuple, output: Tensor) -> int:
        """Twice what is executed."""
        return 2 * self.weight.numel()


class Parts(ReIDModel):
    """A list of layers that has no forward pass of its own, a layer in no part, and a frozen layer kept apart."""

    parts = {'layers': 'layers', 'not there': 'neck.semantic'}
    image_size = (2, 1)

    def __init__(self) -> None:
        super().__init__(num_classes=3, data_preprocessor=dict(type='TripletPreprocessor', mean=[0] * 3, std=[1] * 3))
        self.layers = nn.ModuleList([nn.Linear(18, 10, bias=False), Halved(10, 4, bias=False)])
        self.layers[0].kept_apart = (nn.Linear(7, 1, bias=False).requires_grad_(False),)
        self.last = nn.Linear(4, 4)
        self.build_branches(dict(x=dict(losses={})), dict(x=4), ['x'])

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Run the layers, and attention over one token."""
        x = self.layers[1](self.layers[0](images.flatten(1)))
        return dict(x=self.last(F.scaled_dot_product_attention(x, x, value=x)))


def test_rules_of_modules_and_what_is_in_no_part() -> None:
    model = Parts()
    attention = F.scaled_dot_product_attention
    costs = count_costs(model)
    assert costs == {
        'layers': PartCost(trainable=180 + 40, frozen=7, macs=180 + 80, executed=180 + 40),
        OTHER: PartCost(trainable=20, macs=16, executed=16, attention=1 * (4 + 4)),
        BRANCHES: PartCost(trainable=4 + 12, frozen=4),
    }
    assert F.scaled_dot_product_attention is attention
    assert not any(module._forward_hooks for module in model.modules())


class Mapped(Parts):
    """Attention that gives its weights."""

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Attend among five tokens with two heads."""
        answer, weights = attend_and_weigh(*torch.randn(3, 1, 2, 5, 4))
        assert weights.shape == (1, 2, 5, 5)
        return dict(x=self.last(answer[:, 0, 0]))


def test_attention_that_gives_its_weights_is_counted_as_the_fused_one() -> None:
    cost = count_costs(Mapped())[OTHER]
    assert (cost.executed, cost.attention) == (16, 2 * 5 * 5 * (4 + 4))


def test_captions_encoded_ahead_have_no_tower_to_count(model_cfg: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: CLIPText, captions: list[bytes]) -> Tensor:
        raise DataError('features.safetensors: no features of 3 of 3 captions; use CLIPText')

    monkeypatch.setattr(CLIPText, 'encode', refuse)
    with pytest.raises(ConfigError, match='NEXTReID cannot be counted on captions of its own: .*use CLIPText'):
        count_costs(MODELS.build(model_cfg))
