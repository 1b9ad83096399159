"""PFD's matching, decoder and pose network: by hand, in loops, and against the words of the errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.errors import CheckpointError, ConfigError
from next_mm.methods.pfd import HRNetPose, StandingPose
from next_mm.methods.pfd.decoder import DecoderLayer
from next_mm.methods.pfd.matching import align_parts, match_views, push_loss, split_by_joint


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def cosine(first: Tensor, second: Tensor) -> float:
    return float(first @ second / first.norm() / second.norm())


def test_matching_in_loops() -> None:
    parts, joints, views = random(2, 5, 4), random(2, 5, 6)[..., :4], random(2, 5, 7)[..., :4]
    aligned = align_parts(parts, joints)
    matched, index = match_views(aligned, views)
    for sample in range(2):
        weighted = [part * joint for part, joint in zip(parts[sample], joints[sample])]
        for j, part in enumerate(parts[sample]):
            best = max(range(5), key=lambda k: cosine(part, weighted[k]))
            torch.testing.assert_close(aligned[sample, j], part + weighted[best])
            best = max(range(5), key=lambda k: cosine(aligned[sample, j], views[sample, k]))
            assert index[sample, j] == best
            torch.testing.assert_close(matched[sample, j], aligned[sample, best] + views[sample, j])


def test_sure_views_come_first_in_their_order() -> None:
    matched = torch.arange(1.0, 13.0).view(3, 4, 1)
    sure = torch.tensor([[0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]]).bool()
    seen, unseen, ordered = split_by_joint(matched, sure)
    assert seen.flatten().tolist() == [3.0, 6.5, 10.5]
    assert unseen.flatten().tolist() == [2.0, 0.0, 10.5]
    assert ordered.squeeze(2).tolist() == [[2, 4, 0, 0], [5, 6, 7, 8], [10.5, 0, 0, 0]]


def test_the_push_loss_pushes_and_the_authors_sign_pulls() -> None:
    seen, unseen = random(3, 4), random(3, 5)[:, :4]
    mean = sum(cosine(a, b) for a, b in zip(seen, unseen)) / 3
    torch.testing.assert_close(float(push_loss(seen, unseen, push=True)), (1 + mean) / 2, rtol=1e-6, atol=0)
    torch.testing.assert_close(float(push_loss(seen, unseen, push=False)), (1 - mean) / 2, rtol=1e-6, atol=0)


def test_the_feed_forward_network_is_added_to_itself() -> None:
    torch.manual_seed(0)
    layer = DecoderLayer(8, num_heads=2, hidden=12, dropout=0.1).eval()
    views, queries, memory = torch.randn(2, 3, 8), torch.randn(3, 8), torch.randn(2, 5, 8)
    asked = views + queries
    x = layer.norm1(views + layer.self_attention(asked, asked, views)[0])
    x = layer.norm2(x + layer.cross_attention(x + queries, memory, memory)[0])
    y = layer.linear2(F.relu(layer.linear1(x)))
    torch.testing.assert_close(layer(views, queries, memory), layer.norm3(2 * y))


def test_without_a_pose_network_there_is_an_error_and_no_zeros(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'needs the weights of its pose network.*set model.pose.weights'):
        HRNetPose()
    with pytest.raises(FileNotFoundError, match=r'model.pose.weights=.*no such file'):
        HRNetPose(weights='nowhere.pth')
    other, broken = tmp_path / 'other.pth', tmp_path / 'broken.pth'
    torch.save({'conv1.weight': torch.zeros(1)}, other)
    broken.write_bytes(b'PK nothing')
    with pytest.raises(ConfigError, match='expected HRNet-W48 with 17 key points'):
        HRNetPose(weights=str(other))
    with pytest.raises(CheckpointError, match='broken.pth'):
        HRNetPose(weights=str(broken))


def test_a_standing_person_is_the_same_for_every_picture() -> None:
    maps = StandingPose()(torch.randn(2, 3, 64, 32))
    assert maps.shape == (2, 17, 16, 8)
    assert torch.equal(maps[0], maps[1])
    assert maps.amax(dim=(2, 3)).min() > 0.9
