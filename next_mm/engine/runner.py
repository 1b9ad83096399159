"""mmengine's Runner with checkpoints that survive a kill, load strictly and execute nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from next_mm.engine.checkpoint import load_weights, read_checkpoint
from next_mm.engine.resumed_config import compare_configs
from next_mm.engine.run_checks import check_monitored, check_test_set
from next_mm.errors import CheckpointError

__all__ = ['TripletRunner']

_FOR_WORKERS = ('persistent_workers', 'prefetch_factor', 'multiprocessing_context', 'worker_init_fn')
"""Options of a data loader that torch refuses, or never uses, where there are no workers."""


class TripletRunner(Runner):
    """The Runner of this project; built by :func:`next_mm.apis.build_runner`.

    Five differences to mmengine's: a checkpoint is written beside its name and moved there, so that a kill never leaves
    half a file; it is loaded strictly (``load_ignore`` in the config names prefixes to leave out); DDP gets no device
    ids on a CPU; a test set that cannot be evaluated stops the run at its start; a data loader
    without workers takes options that are for workers.
    """

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a data loader; where it has no workers, the options that concern workers do not count."""
        if isinstance(dataloader, Mapping) and dataloader.get('num_workers', 0) == 0:
            dataloader = {key: value for key, value in dataloader.items() if key not in _FOR_WORKERS}
        return Runner.build_dataloader(dataloader, seed, diff_rank_seed)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap the model for distributed training."""
        if self.distributed and model_wrapper_cfg is None and get_device() == 'cpu':
            # mmengine 0.10.7 passes device_ids=[LOCAL_RANK], which DDP refuses for a model on the CPU.
            model_wrapper_cfg = dict(
                type='MMDistributedDataParallel',
                device_ids=None,
                broadcast_buffers=False,
                find_unused_parameters=self.cfg.get('find_unused_parameters', False),
            )
        return super().wrap_model(model_wrapper_cfg, model)

    def build_val_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the validation; what it would refuse is refused now, before the first step of training."""
        loop = self._checked(super().build_val_loop(loop))
        check_monitored(self.hooks, loop.evaluator)
        return loop

    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the test; what it would refuse is refused now."""
        return self._checked(super().build_test_loop(loop))

    def _checked(self, loop: BaseLoop) -> BaseLoop:
        check_test_set(self._plain_model(), loop.dataloader.dataset, loop.evaluator)
        return loop

    def _plain_model(self) -> nn.Module:
        return self.model.module if is_model_wrapper(self.model) else self.model

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu') -> dict[str, Any]:  # type: ignore[override]
        """Load weights strictly; see :func:`next_mm.engine.load_weights` for what is refused."""
        checkpoint = read_checkpoint(filename, map_location)
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        if self._resume and 'cfg' in checkpoint.get('meta', {}):
            differences = compare_configs(str(filename), checkpoint['meta']['cfg'], self.cfg.pretty_text)
            if differences:
                self.logger.warning(differences)
        ignore = () if self._resume else tuple(self.cfg.get('load_ignore') or ())
        load_weights(self._plain_model(), checkpoint['state_dict'], source=str(filename), ignore=ignore)
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        return checkpoint

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Go on from a checkpoint.

        Raises:
            CheckpointError: it is another model's, or its optimizer had other parameter groups.
        """
        try:
            super().resume(filename, *args, **kwargs)
        except ValueError as error:  # torch's Optimizer.load_state_dict
            if 'parameter group' not in str(error):
                raise
            raise CheckpointError(
                f'{filename}: its optimizer had other parameter groups than optim_wrapper makes now ({error}); resume with the config '
                'that it was trained with, or start a new run from these weights with load_from'
            ) from error

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """Write the checkpoint beside its name, then move it there."""
        part = f'{filename}.part'
        super().save_checkpoint(out_dir, part, *args, **kwargs)
        if is_main_process():
            os.replace(os.path.join(out_dir, part), os.path.join(out_dir, filename))
