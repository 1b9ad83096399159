"""The classifier must have as many outputs as the dataset has identities."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from next_mm.errors import ConfigError
from next_mm.registry import HOOKS

__all__ = ['IdentityCountHook']


@HOOKS.register_module()
class IdentityCountHook(Hook):
    """Stop before training when ``model.num_classes`` is not the number of training identities.

    Too few classes crash in the loss with an index error (on a GPU: a device assertion); too many train on without a word.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare the head with the training set.

        Raises:
            ConfigError: the numbers differ.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        classes = getattr(model, 'num_classes', None)
        dataset = runner.train_dataloader.dataset
        identities = dataset.metainfo.get('num_identities')
        if classes is not None and identities is not None and classes != identities:
            raise ConfigError(
                f'model.num_classes is {classes}, but {type(dataset).__name__} has {identities} training '
                f'identities; set model.num_classes={identities}'
            )
