"""Loops beside mmengine's: training on the unlabelled test set before a test."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner, TestLoop
from torch.utils.data import DataLoader

from next_mm.engine.param_groups import ReIDOptimWrapperConstructor
from next_mm.errors import ConfigError
from next_mm.models import ReIDModel
from next_mm.registry import LOOPS, PARAM_SCHEDULERS
from next_mm.utils.options import check_integer

__all__ = ['TestTimeTrainingLoop']


@LOOPS.register_module()
class TestTimeTrainingLoop(TestLoop):
    """Train on the test set without its labels, then test (transductive: compare it with others only with that said).

    Each step minimises :meth:`ReIDModel.test_time_loss`, which gets no label. The weights of before are back after the
    test. The options are those of ``test_cfg``.

    Args:
        runner: the Runner.
        dataloader: of the test.
        evaluator: of the test.
        epochs: passes over the test set.
        batch_size: triplets a step.
        optim_wrapper: config of the optimizer, as the config's own ``optim_wrapper``.
        param_scheduler: configs of schedulers, stepped after each epoch.

    Raises:
        ConfigError: the model has no test-time training, or a number is out of range.
    """

    __test__ = False  # not a test, whatever pytest thinks of the name

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        *,
        epochs: int,
        batch_size: int,
        optim_wrapper: Mapping[str, Any],
        param_scheduler: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(runner, dataloader, evaluator)
        check_integer('test_cfg.epochs', epochs, 1)
        check_integer('test_cfg.batch_size', batch_size, 1)
        self.epochs = epochs
        self.batch_size = batch_size
        self.optim_wrapper_cfg = dict(optim_wrapper)
        self.param_scheduler_cfg = list(param_scheduler)
        if type(self.model).test_time_loss is ReIDModel.test_time_loss:
            raise ConfigError(f'test_cfg: {type(self.model).__name__} has no test-time training; use test_cfg=dict()')

    @property
    def model(self) -> ReIDModel:
        """The model, not wrapped."""
        return self.runner.model.module if is_model_wrapper(self.runner.model) else self.runner.model

    def run(self) -> dict:
        """Train, test, and put the weights back.

        Returns:
            The metrics.
        """
        before = {name: value.clone() for name, value in self.model.state_dict().items()}
        try:
            self._train()
            return super().run()
        finally:
            self.model.load_state_dict(before, strict=False)

    def _train(self) -> None:
        loader = self._training_loader()
        optimizer = self._build_optimizer()
        options = dict(optimizer=optimizer, epoch_length=len(loader))
        schedulers = [PARAM_SCHEDULERS.build(dict(cfg), default_args=options) for cfg in self.param_scheduler_cfg]
        self.runner.model.train()
        for epoch in range(self.epochs):
            if hasattr(loader.sampler, 'set_epoch'):
                loader.sampler.set_epoch(epoch)
            total = 0.0
            for data in loader:
                total += self._step(data, optimizer)
            for scheduler in schedulers:
                scheduler.step()
            self.runner.logger.info(
                f'Test-time training, epoch {epoch + 1} of {self.epochs}: loss {total / len(loader):.4f}'
            )

    def _training_loader(self) -> DataLoader:
        """The test set, shuffled, in batches of the training's own size."""
        cfg = dict(self.runner.cfg.test_dataloader)
        sampler = dict(type='DefaultSampler', shuffle=True)
        cfg |= dict(dataset=self.dataloader.dataset, sampler=sampler, batch_size=self.batch_size)
        return self.runner.build_dataloader(cfg, seed=self.runner.seed)

    def _build_optimizer(self) -> OptimWrapper:
        cfg = dict(self.optim_wrapper_cfg)
        cfg.pop('constructor', None)
        paramwise = cfg.pop('paramwise_cfg', None)
        return ReIDOptimWrapperConstructor(cfg, paramwise)(self.runner.model)

    def _step(self, data: dict[str, Any], optimizer: OptimWrapper) -> float:
        """Take a step on a batch whose labels are taken away; returns the loss."""
        with optimizer.optim_context(self.runner.model):
            data = self.model.data_preprocessor(data, True)
            data['data_samples'] = dataclasses.replace(data['data_samples'], labels=None, samples=[])
            losses = self.runner.model(**data, mode='adapt')
        loss, _ = self.model.parse_losses(losses)
        optimizer.update_params(loss)
        return float(loss.detach())
