"""mmengine's CheckpointHook with an order of files that survives a kill."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as MMEngineCheckpointHook
from mmengine.runner import Runner

from next_mm.registry import HOOKS

__all__ = ['CheckpointHook']


@HOOKS.register_module()
class CheckpointHook(MMEngineCheckpointHook):
    """Save checkpoints as mmengine's hook does; the arguments are the same.

    An outdated checkpoint goes when the new one is in place, not before (mmengine 0.10.7), so that a kill in between
    leaves one. What a kill left half written goes at the start of a training, and in a moved work directory the best
    checkpoint is the one there.
    """

    def before_train(self, runner: Runner) -> None:
        """Look at what is in the folder."""
        folder = Path(runner.work_dir if self.out_dir is None else self.out_dir)
        for name in ('best_ckpt', *(f'best_ckpt_{indicator}' for indicator in getattr(self, 'key_indicators', ()))):
            noted = runner.message_hub.runtime_info.get(name)
            if noted and (folder / Path(noted).name).is_file():
                runner.message_hub.update_info(name, str(folder / Path(noted).name))
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            kept = self.keep_ckpt_ids  # type: ignore[has-type]
            self.keep_ckpt_ids = deque(kept)  # one more while the new one is written
        if is_main_process():
            for part in Path(self.out_dir).glob('*.pth.part'):
                part.unlink()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        if self.max_keep_ckpts <= 0:
            super()._save_checkpoint_with_step(runner, step, meta)
            return
        self.max_keep_ckpts += 1  # so that nothing is removed before
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        finally:
            self.max_keep_ckpts -= 1
        while len(self.keep_ckpt_ids) > self.max_keep_ckpts:
            outdated = self.file_backend.join_path(
                self.out_dir, self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            )
            if is_main_process() and self.file_backend.isfile(outdated):
                self.file_backend.remove(outdated)
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
