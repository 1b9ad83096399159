"""The classifiers must have as many outputs as the dataset has identities."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from next_mm.errors import ConfigError
from next_mm.registry import HOOKS

__all__ = ['IdentityCountHook']


@HOOKS.register_module()
class IdentityCountHook(Hook):
    """Stop before training when the model has another number of classes than there are training identities.

    Too few classes crash in the loss with an index error (on a GPU: a device assertion); too many train on without a
    word. The hook asks the model and every module in it that has ``num_classes``; zero stands for a network without a
    classifier.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare the model and its modules with the training set.

        Raises:
            ConfigError: the numbers differ.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset = runner.train_dataloader.dataset
        identities = dataset.metainfo.get('num_identities')
        if identities is None:
            return
        for name, module in model.named_modules():
            classes = getattr(module, 'num_classes', None)
            if classes and classes != identities:
                place = f'model.{name}.num_classes' if name else 'model.num_classes'
                raise ConfigError(
                    f'{place} is {classes}, but {type(dataset).__name__} has {identities} training '
                    f'identities; set model.num_classes={identities}'
                )
