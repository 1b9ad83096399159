"""An absent modality leaves no trace: whatever its pixels and caption, features and losses stay the same to the bit."""

from __future__ import annotations

import pytest
import torch

from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.tolerances import BLOCK, assert_equal_up_to_rounding

MODELS_TRIED = {
    'baseline': None,
    'unified expert': dict(semantic=None, structure=None),
    'semantic': dict(semantic=dict(type='TMSE'), structure=None),
    'full': dict(semantic=dict(type='TMSE'), structure=dict(type='CSSE')),
    'top tokens, own routers': dict(
        semantic=dict(type='TMSE', sampling='topk', router='share'), structure=dict(type='CSSE', router='multi')
    ),
}
CASES = [
    (False, True, True),
    (True, False, True),
    (True, True, False),
    (True, False, False),
    (False, True, False),
    (False, False, True),
]


@pytest.fixture(params=MODELS_TRIED)
def model(request: pytest.FixtureRequest, model_cfg: dict, baseline_cfg: dict) -> ReIDModel:
    """Every way in which NEXT and the baseline put a feature together."""
    neck = MODELS_TRIED[request.param]
    cfg = model_cfg if neck else baseline_cfg
    if neck:
        cfg['neck'] = dict(type='MultiGrainedExperts', **neck)
        cfg['text'] = cfg['text'] if neck['semantic'] else None
    model = MODELS.build(cfg)
    for parameter in model.parameters():  # so that no zero at the start hides a leak
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def run(model: ReIDModel, images: torch.Tensor, tokens: torch.Tensor, present: torch.Tensor) -> list[torch.Tensor]:
    batch = TripletBatch(
        labels=torch.tensor([0, 0, 1, 1]),
        cameras=torch.zeros(4, dtype=torch.long),
        present=present,
        tokens=tokens if model.reads_captions else None,
    )
    losses = model(images, batch, mode='loss')
    return [model(images, batch, mode='tensor'), *(value for key, value in losses.items() if 'loss' in key)]


def draw_tokens() -> torch.Tensor:
    tokens = torch.randint(1, 100, (4, 3, 3, 8), dtype=torch.int32)
    tokens[..., -1] = 49407  # end of text
    return tokens


@pytest.mark.parametrize('case', CASES)
def test_pixels_and_caption_of_an_absent_modality_change_nothing(model: ReIDModel, case: tuple[bool, ...]) -> None:
    present = torch.tensor(case).repeat(4, 1)
    images, tokens = torch.randn(4, 3, 3, 32, 16), draw_tokens()
    other_images = torch.where(present[..., None, None, None], images, torch.randn_like(images) * 5)
    other_tokens = torch.where(present[:, None, :, None], tokens, draw_tokens())
    assert not torch.equal(images, other_images)
    before, after = run(model, images, tokens, present), run(model, other_images, other_tokens, present)
    for one, other in zip(before, after):
        assert torch.equal(one, other)
    everything = torch.ones_like(present)  # the check itself would see a difference
    assert not torch.equal(run(model, images, tokens, everything)[0], run(model, other_images, tokens, everything)[0])


def test_each_sample_has_its_own_case(model: ReIDModel) -> None:
    """A sample's feature does not depend on what is missing beside it in the batch."""
    images, tokens = torch.randn(4, 3, 3, 32, 16), draw_tokens()
    mixed = torch.tensor([CASES[0], CASES[3], (True, True, True), CASES[5]])
    together = run(model, images, tokens, mixed)[0]
    for row in range(4):
        alone = run(model, images, tokens, mixed[row].repeat(4, 1))[0]
        assert_equal_up_to_rounding(together[row], alone[row], kernels=6 * BLOCK, terms=256)
        parts = together[row].view(3, -1)
        assert (parts[~mixed[row]] == 0).all() and (parts[mixed[row]] != 0).any(dim=1).all()
