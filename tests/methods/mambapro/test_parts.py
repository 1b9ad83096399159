"""MambaPro's modules: prompts, adapters and aggregation steps against slow loops."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.errors import CheckpointError, ConfigError
from next_mm.methods.mambapro import MambaProReID, PromptAdapterCLIPVisual
from next_mm.methods.mambapro.aggregation import AggregationStep
from next_mm.methods.mambapro.convert import KEY_MAPS
from next_mm.methods.mambapro.tower import BlockAdapter
from next_mm.models.clip.quick_gelu import quick_gelu
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.methods.mambapro.test_scan import slow_scan
from tests.methods.mambapro.toy import TOYS
from tests.methods.toys import CLIP, NUM_CLASSES, PREPROCESSOR


def move(module: nn.Module) -> nn.Module:
    """Away from the initial zeros and ones, in double precision, in evaluation mode."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.double().parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module.eval()


@pytest.mark.parametrize('joint', [False, True])
def test_a_step_is_three_projections_and_scans(joint: bool) -> None:
    dim, grid, width = 16, (3, 2), 32
    step = move(AggregationStep(dim, grid, joint=joint))
    step.norm.running_mean.normal_()
    step.norm.running_var.uniform_(0.5, 2)
    patches = torch.randn(2, 3, 6, dim, dtype=torch.float64)
    inner, gates = [], []
    for m in range(3):
        x, gate = (patches[:, m] @ step.in_weight[m].t()).chunk(2, dim=-1)
        part = slice(m * width, (m + 1) * width)
        maps = x.transpose(1, 2).reshape(2, width, *grid)
        maps = F.conv2d(maps, step.conv.weight[part], step.conv.bias[part], padding=1, groups=width)
        norm = step.norm
        maps = F.batch_norm(
            maps, norm.running_mean[part], norm.running_var[part], norm.weight[part], norm.bias[part], eps=norm.eps
        )
        inner.append(F.silu(maps).flatten(2).transpose(1, 2))
        gates.append(F.silu(gate))
    if joint:
        scanned = slow_ssm(step, 0, torch.cat(inner, dim=1)).chunk(3, dim=1)
    else:
        scanned = [slow_ssm(step, m, inner[m]) for m in range(3)]
    expected = [patches[:, m] + (scanned[m] * gates[m]) @ step.out.weight.t() for m in range(3)]
    torch.testing.assert_close(step(patches), torch.stack(expected, dim=1), rtol=1e-9, atol=1e-10)


def slow_ssm(step: AggregationStep, group: int, x: Tensor) -> Tensor:
    """One state-space model of a step on (B, L, C)."""
    ssm = step.ssm
    rank, write, read = (x @ ssm.input_weight[group].t()).split(ssm.sizes, dim=-1)
    delta = F.softplus(rank @ ssm.step_weight[group].t() + ssm.step_bias[group])
    parts = (x[None], delta[None], -ssm.log_decay[[group]].exp(), write[None], read[None], ssm.skip[[group]])
    y = slow_scan(*parts)[0]
    return F.layer_norm(y, y.shape[-1:], ssm.norm_weight[group], ssm.norm_bias[group])


def test_the_states_begin_with_the_decays_one_to_sixteen() -> None:
    ssm = AggregationStep(16, (3, 2), joint=False).ssm
    torch.testing.assert_close(ssm.log_decay.exp(), torch.arange(1.0, 17).expand(3, 32, 16))
    assert ssm.skip.eq(1).all() and ssm.step_bias.eq(0).all()


def test_own_prompts_take_what_the_block_before_made_and_the_others_are_lent() -> None:
    adapter = move(BlockAdapter(8, 2, first=False))
    before = torch.randn(2, 3, 2, 8, dtype=torch.float64)

    def net(bottleneck: nn.Module, x: Tensor) -> Tensor:
        return bottleneck.up(quick_gelu(bottleneck.down(x)))

    found = adapter.make_prompts(before, 2).unflatten(2, (3, 2))
    for b in range(2):
        for run in range(3):
            for slot in range(3):
                own = adapter.prompts[slot]
                if slot == run:
                    expected = own + before[b, run] + net(adapter.transfer, before[b, run])
                else:
                    expected = own + net(adapter.lend[slot], own)
                torch.testing.assert_close(found[b, run, slot], expected, rtol=1e-10, atol=1e-12)
    first = move(BlockAdapter(8, 2, first=True))
    assert first.transfer is None
    torch.testing.assert_close(first.make_prompts(None, 1)[0, 1, 2:4], first.prompts[1])


def test_a_block_runs_each_modality_by_itself() -> None:
    torch.manual_seed(0)
    backbone = move(PromptAdapterCLIPVisual(**CLIP, num_prompts=2))
    images = torch.randn(2, 3, 3, 32, 16, dtype=torch.float64)
    xs = [backbone.tower.ln_pre(backbone.embed(images[:, m], None)) for m in range(3)]
    before = None
    for block, adapter in zip(backbone.tower.transformer.resblocks, backbone.adapters):
        prompts = adapter.make_prompts(before, 2)
        answers = []
        for m in range(3):
            s = torch.cat([xs[m], prompts[:, m]], dim=1)
            y = s + block.attention(block.ln_1(s))
            down, up = adapter.feed_forward.down, adapter.feed_forward.up
            z = y + block.mlp(block.ln_2(y)) + up(quick_gelu(down(y)))
            xs[m] = z[:, :-6]
            answers.append((z[:, -6:-4] + z[:, -4:-2] + z[:, -2:]) / 3)
        before = torch.stack(answers, dim=1)
    encoded = backbone(images)
    for m in range(3):
        expected = backbone.tower.ln_post(xs[m]) @ backbone.tower.proj
        torch.testing.assert_close(encoded.classes[:, m], expected[:, 0], rtol=1e-8, atol=1e-9)
        torch.testing.assert_close(encoded.tokens[:, m], expected[:, 1:], rtol=1e-8, atol=1e-9)


def build(**changes: object) -> MambaProReID:
    torch.manual_seed(0)
    return MODELS.build(dict(num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR) | TOYS['persons'] | changes)


def test_the_tower_stays_as_it_is() -> None:
    model = build()
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    tower = {f'backbone.tower.{name}' for name, _ in model.backbone.tower.named_parameters()}
    assert frozen == tower | {f'branches.{name}.bnneck.bias' for name in model.branches}


def test_a_camera_of_the_test_that_training_did_not_have_adds_nothing() -> None:
    model = build().eval()
    images = torch.randn(1, 3, 3, 32, 16)
    unknown = model.feature(images, TripletBatch(cameras=torch.tensor([7])))
    with torch.no_grad():
        model.backbone.camera_embedding.weight.zero_()
    torch.testing.assert_close(model.feature(images, TripletBatch(cameras=torch.tensor([1]))), unknown)


def test_recomputed_blocks_have_the_same_gradients() -> None:
    gradients = []
    for recompute in (False, True):
        model = build(backbone=dict(TOYS['persons']['backbone'], grad_checkpointing=recompute)).train()
        images, batch = torch.randn(4, 3, 3, 32, 16, generator=torch.Generator().manual_seed(1)), TripletBatch()
        batch.cameras, batch.labels = torch.tensor([1, 2, 1, 2]), torch.tensor([0, 0, 1, 1])
        model.parse_losses(model.loss(images, batch))[0].backward()
        gradients.append(model.backbone.adapters[0].prompts[0].grad)
    torch.testing.assert_close(*gradients)


def test_wrong_options_and_weights_are_named() -> None:
    with pytest.raises(ConfigError, match="PromptAdapterCLIPVisual.towers='separate': its modalities share one tower"):
        PromptAdapterCLIPVisual(**CLIP, towers='separate')
    with pytest.raises(CheckpointError, match="expected the authors' weights of MambaPro; 1 of 1 entries are unknown"):
        KEY_MAPS['persons'].to_ours({'generalFusion.r_token': torch.zeros(1)})
