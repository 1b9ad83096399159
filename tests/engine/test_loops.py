"""Test-time training: on the test set, without its labels, and gone after the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.apis import build_model, build_runner
from next_mm.apis import test as run_test
from next_mm.errors import ConfigError
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.toys import ToyReID, toy_config

SEEN: list[TripletBatch] = []


@MODELS.register_module()
class ToyAdapts(ToyReID):
    """Makes its features shorter at test time."""

    def test_time_loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Mean square of the features."""
        SEEN.append(batch)
        assert self.training
        return dict(loss_short=self.extract(images, batch)['points'].square().mean())


def config(folder: Path, **changes: Any) -> Any:
    cfg = toy_config(folder, model__dropout=0.0)
    cfg.model.type = 'ToyAdapts'
    cfg.test_cfg = dict(
        type='TestTimeTrainingLoop',
        epochs=3,
        batch_size=2,
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=[dict(type='ConstantLR', factor=0.5, end=1)],
    )
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in changes.items()})
    return cfg


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    torch.manual_seed(5)
    path = tmp_path / 'trained.pth'
    torch.save({'state_dict': MODELS.build(dict(type='ToyAdapts')).state_dict(), 'meta': {}}, path)
    return str(path)


def by_hand(checkpoint: str, tmp_path: Path) -> float:
    """The mean of the features after one epoch of the whole test set as one batch."""
    model = build_model(config(tmp_path), checkpoint)
    points = torch.stack([sample['inputs'] for sample in build_runner(config(tmp_path / 'x')).test_dataloader.dataset])
    layer = model.backbone
    loss = layer(points).square().mean()
    gradients = torch.autograd.grad(loss, (layer.weight, layer.bias))
    weight, bias = (value - 0.1 * gradient for value, gradient in zip((layer.weight, layer.bias), gradients))
    return 100 * float((points @ weight.t() + bias).double().abs().mean())


def test_a_step_by_hand(checkpoint: str, tmp_path: Path) -> None:
    cfg = config(tmp_path / 'run', test_cfg__epochs=1, test_cfg__batch_size=16, test_cfg__param_scheduler=[])
    assert run_test(cfg, checkpoint)['reid/mAP'] == pytest.approx(by_hand(checkpoint, tmp_path), rel=1e-5)


def test_the_features_change_without_labels_and_the_weights_come_back(checkpoint: str, tmp_path: Path) -> None:
    plain = run_test(config(tmp_path / 'plain', test_cfg=dict(_delete_=True)), checkpoint)
    SEEN.clear()
    cfg = config(tmp_path / 'adapted', load_from=checkpoint)
    runner = build_runner(cfg)
    adapted = runner.test()
    assert adapted['reid/mAP'] < plain['reid/mAP']
    assert len(SEEN) == 3 * 8 and all(batch.labels is None and batch.samples == [] for batch in SEEN)
    for name, value in build_model(cfg, checkpoint).state_dict().items():
        assert torch.equal(value, runner.model.state_dict()[name])
    assert runner.test() == adapted  # as if it were the first


def test_a_schedule_counts_epochs(checkpoint: str, tmp_path: Path) -> None:
    still = config(tmp_path / 'still', test_cfg__param_scheduler=[dict(type='ConstantLR', factor=0.0, end=9)])
    plain = run_test(config(tmp_path / 'plain', test_cfg=dict(_delete_=True)), checkpoint)
    assert run_test(still, checkpoint) == plain


def test_what_is_refused(tmp_path: Path) -> None:
    cfg = config(tmp_path)
    cfg.model.type = 'ToyReID'
    with pytest.raises(ConfigError, match='test_cfg: ToyReID has no test-time training'):
        build_runner(cfg).test()
    with pytest.raises(ConfigError, match='test_cfg.epochs=0: expected a whole number from 1'):
        build_runner(config(tmp_path, test_cfg__epochs=0)).test()
    with pytest.raises(ConfigError, match="test_cfg.optim_wrapper.optimizer .SGD.: unknown key 'learning_rate'"):
        build_runner(config(tmp_path, test_cfg__optim_wrapper__optimizer__learning_rate=1))
    with pytest.raises(ConfigError, match="test_cfg .TestTimeTrainingLoop.: unknown key 'epoch'"):
        build_runner(config(tmp_path, test_cfg__epoch=1))
