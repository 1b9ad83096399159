"""Position embeddings on another grid, against torch's own interpolation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from next_mm.models.clip.position_embedding import PositionFilter, resize_position_embedding


@pytest.mark.parametrize('position_filter', ['bicubic', 'bilinear'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_patches_are_interpolated_in_full_precision_to_the_bit(
    position_filter: PositionFilter, dtype: torch.dtype
) -> None:
    embedding = torch.randn(1 + 14 * 14, 6, generator=torch.Generator().manual_seed(0)).to(dtype)
    resized = resize_position_embedding(embedding, (14, 14), (16, 8), position_filter)
    patches = embedding[1:].float().unflatten(0, (14, 14)).permute(2, 0, 1).unsqueeze(0)
    antialias = position_filter == 'bicubic'
    patches = F.interpolate(patches, size=(16, 8), mode=position_filter, antialias=antialias, align_corners=False)
    assert resized.dtype == torch.float32
    assert torch.equal(resized[:1], embedding[:1].float())
    assert torch.equal(resized[1:], patches[0].flatten(1).t())


def test_an_embedding_on_its_own_grid_stays_as_it_is() -> None:
    embedding = torch.randn(1 + 6, 4)
    assert resize_position_embedding(embedding, (3, 2), (3, 2)) is embedding
