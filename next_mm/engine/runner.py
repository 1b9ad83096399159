"""mmengine's Runner with checkpoints that survive a kill, load strictly and execute nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from next_mm import compat
from next_mm.engine.checkpoint import load_weights, read_checkpoint
from next_mm.engine.console import shorten_console
from next_mm.engine.places import errors_with_place
from next_mm.engine.resumed_config import compare_configs
from next_mm.engine.run_checks import check_monitored, check_samples, check_test_set
from next_mm.errors import CheckpointError
from next_mm.utils.lock import lock_folder

__all__ = ['TripletRunner']

_FOR_WORKERS = ('persistent_workers', 'prefetch_factor', 'multiprocessing_context', 'timeout', 'worker_init_fn')
"""Options of a data loader that torch refuses, or never uses, where there are no workers."""


class TripletRunner(Runner):
    """The Runner of this project; built by :func:`next_mm.apis.build_runner`.

    What differs from mmengine's: a checkpoint is written beside its name and moved there, so that a kill never leaves
    half a file; it is loaded strictly (``load_ignore`` in the config names prefixes to leave out); a run goes on only
    from a checkpoint that holds its whole state; one process trains in a work directory at a time, and a test leaves
    the config there alone; a test set that cannot be evaluated stops the run at its start; a value that cannot be used
    is told with its place in the config; DDP gets no device ids on a CPU; a data loader without workers takes options
    that are for workers; the console shows long reports cut.
    """

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a data loader; where it has no workers, the options that concern workers do not count."""
        if isinstance(dataloader, Mapping) and dataloader.get('num_workers', 0) == 0:
            dataloader = {key: value for key, value in dataloader.items() if key not in _FOR_WORKERS}
        return Runner.build_dataloader(dataloader, seed, diff_rank_seed)

    def train(self) -> nn.Module:
        """Train; another training in this work directory is refused.

        Raises:
            UserError: another process trains there.
        """
        try:
            if not is_main_process():
                return super().train()
            with lock_folder(Path(self.work_dir), '.training.lock', 'training'):
                super().dump_config()
                self._warn_of_checkpoints()
                return super().train()
        finally:
            self._end_workers()

    def test(self) -> dict[str, float]:
        """Test; the config of a training in this work directory stays."""
        if self.cfg.filename is None or not (Path(self.work_dir) / Path(self.cfg.filename).name).is_file():
            super().dump_config()
        try:
            return super().test()
        finally:
            self._end_workers()

    def _end_workers(self) -> None:
        """End the persistent workers of the loops that were built; a loop that runs again starts new ones."""
        for loop in (self._train_loop, self._val_loop, self._test_loop):
            if isinstance(loop, BaseLoop):
                compat.end_workers(loop.dataloader)

    def dump_config(self) -> None:
        """Write nothing yet: :meth:`train` and :meth:`test` know whether the work directory's config is theirs."""

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Build the logger; long reports are whole in the log file and cut on the console."""
        logger = super().build_logger(*args, **kwargs)
        shorten_console(logger)
        return logger

    def _warn_of_checkpoints(self) -> None:
        """Say so where a new training will overwrite the checkpoints of another."""
        there = sorted(path.name for path in Path(self.work_dir).glob('epoch_*.pth'))
        if there and not self._resume:
            self.logger.warning(
                f'{self.work_dir} holds checkpoints of another training ({", ".join(there[:3])}), which this one '
                'overwrites: --resume goes on with it, another --work-dir keeps it'
            )

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the training loop; what its first batch would stop at is told now."""
        with errors_with_place(self.cfg):
            loop = super().build_train_loop(loop)
        check_samples('train_dataloader.dataset', loop.dataloader.dataset)
        return loop

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Build the optimizer."""
        with errors_with_place(self.cfg):
            return super().build_optim_wrapper(optim_wrapper)

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """Build the schedulers."""
        with errors_with_place(self.cfg):
            return super().build_param_scheduler(scheduler)

    def scale_lr(self, *args: Any, **kwargs: Any) -> None:
        """Scale the rates."""
        with errors_with_place(self.cfg):
            super().scale_lr(*args, **kwargs)

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
        with errors_with_place(self.cfg):
            loop = super().build_val_loop(loop)
        self._checked('val_dataloader.dataset', loop)
        check_monitored(self.hooks, loop.evaluator)
        return loop

    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the test; what it would refuse is refused now."""
        with errors_with_place(self.cfg):
            loop = super().build_test_loop(loop)
        return self._checked('test_dataloader.dataset', loop)

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call a method of every hook; in ``before_run`` hooks build what they need from the config."""
        with errors_with_place(self.cfg) if fn_name == 'before_run' else nullcontext():
            super().call_hook(fn_name, **kwargs)

    def _checked(self, where: str, loop: BaseLoop) -> BaseLoop:
        check_samples(where, loop.dataloader.dataset)
        check_test_set(self._plain_model(), loop.dataloader.dataset, loop.evaluator)
        return loop

    def _plain_model(self) -> nn.Module:
        return self.model.module if is_model_wrapper(self.model) else self.model

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu') -> dict[str, Any]:  # type: ignore[override]
        """Load weights strictly; see :func:`next_mm.engine.load_weights` for what is refused."""
        checkpoint = read_checkpoint(filename, map_location)
        if self._resume:
            self._require_state(str(filename), checkpoint)
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
            _seed_sampler(self.train_dataloader, self.seed)
        except ValueError as error:  # torch's Optimizer.load_state_dict
            if 'parameter group' not in str(error):
                raise
            raise CheckpointError(
                f'{filename}: its optimizer had other parameter groups than optim_wrapper makes now ({error}); '
                'resume with the config that it was trained with, or start a new run from these weights with load_from'
            ) from error

    def _require_state(self, filename: str, checkpoint: Mapping[str, Any]) -> None:
        """Refuse to resume from a checkpoint that holds weights alone, such as mmengine's best ones.

        Raises:
            CheckpointError: a part of the state is not in it.
        """
        needed = ['optimizer', 'message_hub', *(['param_schedulers'] if self.param_schedulers else [])]
        absent = [key for key in needed if key not in checkpoint]
        absent += [f'meta.{key}' for key in ('epoch', 'iter') if key not in checkpoint.get('meta', {})]
        if absent:
            raise CheckpointError(
                f'{filename}: no {", ".join(absent)} in it, so a run cannot go on from it as if it had not stopped; '
                'resume from an epoch_*.pth, or start a new run from these weights with load_from'
            )

    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """Write the checkpoint beside its name, then move it there."""
        part = f'{filename}.part'
        super().save_checkpoint(out_dir, part, *args, **kwargs)
        if is_main_process():
            os.replace(os.path.join(out_dir, part), os.path.join(out_dir, filename))


def _seed_sampler(loader: DataLoader, seed: int) -> None:
    """Give the samplers of a loader the seed of the run that goes on; they were built with that of the config."""
    batch_sampler = getattr(loader, 'batch_sampler', None)
    for sampler in (loader.sampler, batch_sampler, getattr(batch_sampler, 'sampler', None)):
        if sampler is not None and hasattr(sampler, 'seed'):
            sampler.seed = seed
