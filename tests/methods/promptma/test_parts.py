"""PromptMA's modules: exchange, roll-out, choice of patches and fusion against slow loops; its margin triplet loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from next_mm.errors import CheckpointError, ConfigError
from next_mm.methods.promptma import ExchangingCLIPVisual, PromptMAReID
from next_mm.methods.promptma.convert import KEY_MAPS
from next_mm.methods.promptma.fusion import PromptFusion, mean_exchanged
from next_mm.methods.promptma.selection import roll_out, select_patches
from next_mm.models import TripletLoss
from next_mm.registry import MODELS
from tests.methods.promptma.toy import TOYS
from tests.methods.toys import CLIP, NUM_CLASSES, PREPROCESSOR

N = 6
SIZE = 1 + N + 3


def make_maps(depth: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        (3 * torch.randn(2, 3, SIZE, SIZE, dtype=torch.float64, generator=generator)).softmax(dim=-1)
        for _ in range(depth)
    ]


def slow_roll_out(maps: list[Tensor], b: int, m: int) -> np.ndarray:
    product = np.eye(SIZE)
    for attention in maps:
        product = (0.5 * attention[b, m].numpy() + 0.5 * np.eye(SIZE)) @ product
    return product


def test_roll_out_is_the_product_of_the_maps() -> None:
    maps = make_maps()
    found = roll_out([attention.float() for attention in maps])
    for b in range(2):
        for m in range(3):
            expected = slow_roll_out(maps, b, m)[[0, 1 + N, 2 + N, 3 + N], 1 : 1 + N]
            np.testing.assert_allclose(found[b, m], expected, rtol=1e-5)


def test_the_choice_is_the_union_of_two() -> None:
    maps = make_maps()
    found = select_patches([attention.float() for attention in maps], share=0.5)
    for b in range(2):
        for m in range(3):
            product = slow_roll_out(maps, b, m)
            others = [1 + N + j for j in range(3) if j != m]
            scores = (product[0, 1 : 1 + N], product[others, 1 : 1 + N].sum(axis=0))
            expected = {int(place) for score in scores for place in np.argsort(-score)[: N // 2]}
            assert set(found[b, m].nonzero().flatten().tolist()) == expected


def test_prompts_change_places() -> None:
    """What the run of modality m made of its prompt j is the prompt m of modality j in the block behind."""
    torch.manual_seed(0)
    backbone = ExchangingCLIPVisual(**CLIP, num_prompted=1).double().eval()
    images = torch.randn(2, 3, 3, 32, 16, dtype=torch.float64)
    encoded = backbone(images)
    block = backbone.tower.transformer.resblocks[0]
    for m in range(3):
        x = backbone.tower.ln_pre(backbone.embed(images[:, m], None))
        s = block(torch.cat([x, backbone.prompts[m].expand(2, -1, -1)], dim=1))
        for j in range(3):
            torch.testing.assert_close(encoded.prompts[:, j, m], s[:, x.shape[1] + j], rtol=1e-9, atol=1e-10)
        last = backbone.tower.transformer.resblocks[1](s[:, : x.shape[1]])
        torch.testing.assert_close(encoded.classes[:, m], backbone.tower.ln_post(last[:, 0]), rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(encoded.patches[0][:, m], s[:, 1 : x.shape[1]], rtol=1e-9, atol=1e-10)


def test_the_query_is_the_mean_of_the_six_exchanged() -> None:
    prompts = torch.arange(9.0).view(1, 3, 3, 1)
    assert mean_exchanged(prompts).item() == (1 + 2 + 3 + 5 + 6 + 7) / 6


def test_the_fusion_is_attention_to_zeroed_patches() -> None:
    """torch's own attention, with all patches as keys, the dropped ones zero in front of the norm."""
    torch.manual_seed(0)
    backbone = ExchangingCLIPVisual(**CLIP, num_prompted=1).double()
    fusion = PromptFusion({1: backbone.tower.transformer.resblocks[1]}, 64).double()
    block = fusion.blocks['1']
    with torch.no_grad():
        block.ln_1.bias.normal_()
    query, patches = torch.randn(2, 64).double(), torch.randn(2, 3, 8, 64).double()
    chosen = torch.rand(2, 3, 8) > 0.5
    slow = nn.MultiheadAttention(64, 2, batch_first=True, dtype=torch.float64)
    slow.load_state_dict(block.attn.state_dict())
    keys = block.ln_1(torch.where(chosen.unsqueeze(-1), patches, 0).flatten(1, 2))
    u = query + slow(block.ln_1(query).unsqueeze(1), keys, keys, need_weights=False)[0].squeeze(1)
    u = u + block.mlp(block.ln_2(u))
    torch.testing.assert_close(fusion(query, [patches], chosen), fusion.norm(u), rtol=1e-9, atol=1e-10)


def test_margin_triplet_loss() -> None:
    """Batch-hard with margin 0.3 over Euclidean distances, anchor by anchor."""
    features = torch.randn(8, 5, dtype=torch.float64)
    labels = torch.arange(8) // 2
    losses = []
    for a in range(8):
        distances = [float((features[a] - features[i]).norm()) for i in range(8)]
        positive = max(d for i, d in enumerate(distances) if labels[i] == labels[a])  # the anchor itself is nearest
        negative = min(d for i, d in enumerate(distances) if labels[i] != labels[a])
        losses.append(max(0.0, positive - negative + 0.3))
    assert TripletLoss(margin=0.3)(features, labels).item() == pytest.approx(sum(losses) / 8, rel=1e-9)


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConfigError, match='num_prompted=2: expected a whole number from 1 to 1'):
        ExchangingCLIPVisual(**CLIP, num_prompted=2)
    with pytest.raises(ConfigError, match="towers='separate': its modalities share one tower"):
        ExchangingCLIPVisual(**CLIP, num_prompted=1, towers='separate')
    with pytest.raises(ConfigError, match='model.share=0: expected a number above 0 to 1'):
        build(share=0)
    with pytest.raises(ConfigError, match=r'the pictures have \(height, width\) = \(16, 32\)'):
        build().backbone(torch.zeros(1, 3, 3, 16, 32))
    with pytest.raises(CheckpointError, match="expected the authors' weights of PromptMA; 1 of 1 entries are unknown"):
        KEY_MAPS['authors'].to_ours({'BACKBONE.base.proj': torch.zeros(1)})


def build(**changes: object) -> PromptMAReID:
    return MODELS.build(dict(num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR) | TOYS['plain'] | changes)


def test_no_gradient_goes_through_the_choice() -> None:
    model = build().train()
    encoded = model.backbone(torch.randn(2, 3, 3, 32, 16))
    assert not any(attention.requires_grad for attention in encoded.maps)
    fused = model.fusion(mean_exchanged(encoded.prompts), encoded.patches, select_patches(encoded.maps, 0.5))
    fused.square().sum().backward()
    assert model.backbone.prompts.grad.abs().sum() > 0
