"""An absent modality leaves no trace: whatever its pixels and caption, features and losses stay the same to the bit."""

from __future__ import annotations

import pytest
import torch

from next_mm.registry import MODELS
from next_mm.structures import TripletBatch

HEAD = dict(num_classes=5, triplet=dict(type='TripletLoss'))
NECKS = {
    'baseline': (None, dict(type='ClassTokenHead', **HEAD)),
    'unified expert': (dict(semantic=None, structure=None), dict(type='MGFAHead', num_heads=4, **HEAD)),
    'semantic': (dict(semantic=dict(type='TMSE'), structure=None), dict(type='MGFAHead', num_heads=4, **HEAD)),
    'full': (dict(semantic=dict(type='TMSE'), structure=dict(type='CSSE')), dict(type='MGFAHead', num_heads=4, **HEAD)),
    'top tokens, own routers': (
        dict(semantic=dict(type='TMSE', sampling='topk', router='share'), structure=dict(type='CSSE', router='multi')),
        dict(type='MGFAHead', num_heads=4, **HEAD),
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


def build(tiny_clip: str, name: str) -> torch.nn.Module:
    neck, head = NECKS[name]
    reads = bool(neck and neck['semantic'])
    model = MODELS.build(
        dict(
            type='NEXTReID',
            data_preprocessor=dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
            backbone=dict(type='CLIPVisual', model_name=tiny_clip, pretrained=None, image_size=(32, 16)),
            text=dict(type='CLIPText', model_name=tiny_clip, pretrained=None) if reads else None,
            neck=dict(type='MultiGrainedExperts', **neck) if neck else None,
            head=head,
        )
    )
    for parameter in model.parameters():  # so that no zero at the start hides a leak
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def run(
    model: torch.nn.Module, images: torch.Tensor, tokens: torch.Tensor, present: torch.Tensor
) -> list[torch.Tensor]:
    batch = TripletBatch(
        labels=torch.tensor([0, 0, 1, 1]),
        cameras=torch.zeros(4, dtype=torch.long),
        present=present,
        tokens=tokens if model.text is not None else None,
    )
    losses = model(images, batch, mode='loss')
    return [model(images, batch, mode='tensor'), losses['loss_id'], losses['loss_triplet']]


def draw_tokens() -> torch.Tensor:
    tokens = torch.randint(1, 100, (4, 3, 3, 8), dtype=torch.int32)
    tokens[..., -1] = 49407  # end of text
    return tokens


@pytest.mark.parametrize('name', NECKS)
@pytest.mark.parametrize('case', CASES)
def test_pixels_and_caption_of_an_absent_modality_change_nothing(
    tiny_clip: str, name: str, case: tuple[bool, ...]
) -> None:
    model = build(tiny_clip, name)
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


@pytest.mark.parametrize('name', NECKS)
def test_each_sample_has_its_own_case(tiny_clip: str, name: str) -> None:
    """A sample's feature does not depend on what is missing beside it in the batch."""
    model = build(tiny_clip, name)
    images, tokens = torch.randn(4, 3, 3, 32, 16), draw_tokens()
    mixed = torch.tensor([CASES[0], CASES[3], (True, True, True), CASES[5]])
    together = run(model, images, tokens, mixed)[0]
    for row in range(4):
        alone = run(model, images, tokens, mixed[row].repeat(4, 1))[0]
        torch.testing.assert_close(together[row], alone[row], rtol=1e-5, atol=1e-6)
        parts = together[row].view(3, -1)
        assert (parts[~mixed[row]] == 0).all() and (parts[mixed[row]] != 0).any(dim=1).all()
