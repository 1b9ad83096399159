"""The model must know the identities and the cameras that the training set has."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from next_mm.errors import ConfigError
from next_mm.registry import HOOKS
from next_mm.triplet import UNKNOWN
from next_mm.utils.conventions import KnowsCameras

__all__ = ['IdentityCountHook']


@HOOKS.register_module()
class IdentityCountHook(Hook):
    """Stop before training when the model does not know the identities or the cameras of the training set.

    It has another number of classes, or a table of cameras without some of them.

    Too few classes crash in the loss with an index error (on a GPU: a device assertion); too many train on without a
    word. The hook asks the model and every module in it that has ``num_classes``; zero stands for a network without a
    classifier. A camera outside the table would have no embedding, without a word too.
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
        cameras = dataset.metainfo.get('cameras') or ()
        for name, module in model.named_modules():
            _check_classes(name, module, identities, type(dataset).__name__)
            _check_cameras(name, module, [camera for camera in cameras if camera != UNKNOWN], type(dataset).__name__)


def _check_classes(name: str, module: nn.Module, identities: int, dataset: str) -> None:
    classes = getattr(module, 'num_classes', None)
    if classes and classes != identities:
        place = f'model.{name}.num_classes' if name else 'model.num_classes'
        raise ConfigError(
            f'{place} is {classes}, but {dataset} has {identities} training identities; set '
            f'model.num_classes={identities}'
        )


def _check_cameras(name: str, module: nn.Module, cameras: list[int], dataset: str) -> None:
    if not isinstance(module, KnowsCameras):
        return
    first, last = module.first_camera, module.last_camera
    if all(first <= camera <= last for camera in cameras):
        return
    raise ConfigError(
        f'model.{name} knows the cameras {first} to {last}, but {dataset} has the training cameras {cameras[0]} to '
        f'{cameras[-1]}; set num_cameras and first_camera of {name.rpartition(".")[0]}'
    )
