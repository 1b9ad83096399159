"""What today's OpenMMLab stack breaks, one function for each break, with the upstream fault named.

Every function asks whether its break is there and does nothing where it is not. :func:`apply` runs when
``next_mm.engine`` is imported; ``import next_mm`` alone stays cheap. Not here: faults that a class of ours absorbs by
being another class (``AutocastOptimWrapper`` for mmengine's AmpOptimWrapper, ``TripletPreprocessor`` for mmpretrain's,
``ReIDMetric`` for mmpretrain's).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING

from next_mm.errors import ConfigError

if TYPE_CHECKING:
    import openvino
    from torch import Tensor
    from torch.utils.data import DataLoader

__all__ = [
    'allow_checkpoint_types',
    'apply',
    'init_distributed',
    'openvino_core',
    'remember_formatted_configs',
    'replace_pkg_resources',
    'replace_position_resize',
    'replace_weights_reading',
    'without_random_weights_warning',
]


def apply() -> None:
    """Absorb the breaks that must be absorbed before anything is built."""
    allow_checkpoint_types()
    replace_pkg_resources()
    remember_formatted_configs()


# -- torch >= 2.6 loads weights only; mmengine's own checkpoints hold HistoryBuffers with numpy arrays -----------------


def _restricted_getattr(obj: object, name: str) -> object:
    """Give the four statistics that a pickled HistoryBuffer looks up, and nothing else."""
    from mmengine.logging import HistoryBuffer

    if obj is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(obj, name)
    raise pickle.UnpicklingError(f'getattr of {name!r}')


def allow_checkpoint_types() -> None:
    """Let torch's weights-only loader read what mmengine stores beside the weights (resume fails otherwise).

    Upstream: mmengine 0.10.7 calls ``torch.load(filename)``, whose default became ``weights_only=True`` in torch 2.6,
    and pickles its ``HistoryBuffer`` with ``builtins.getattr`` and numpy internals. They are allowed by name;
    everything else stays refused.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer
    from numpy._core.multiarray import _reconstruct, scalar

    dtypes = [
        np.dtypes.Float64DType,
        np.dtypes.Int64DType,
        np.dtypes.Float32DType,
        np.dtypes.Int32DType,
        np.dtypes.BoolDType,
    ]
    functions = [
        (f, f'numpy.{core}.multiarray.{f.__name__}') for f in (_reconstruct, scalar) for core in ('_core', 'core')
    ]
    torch.serialization.add_safe_globals(
        [HistoryBuffer, (_restricted_getattr, 'builtins.getattr'), np.ndarray, np.dtype, *functions, *dtypes]
    )


# -- setuptools >= 81 has no pkg_resources -----------------------------------------------------------------------------


def _is_installed(package: str) -> bool:
    """Say whether a distribution or a module of this name can be found."""
    try:
        importlib.metadata.distribution(package)
        return True
    except importlib.metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None


def _get_installed_path(package: str) -> str:
    """Return the folder of a package's module, whatever its distribution is called (mmcv-lite -> mmcv)."""
    names = [package]
    try:
        top_level = importlib.metadata.distribution(package).read_text('top_level.txt') or ''
        names += [name for name in top_level.split() if name != package]
    except importlib.metadata.PackageNotFoundError:
        pass
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            return str(Path(spec.origin).parent)
    raise importlib.metadata.PackageNotFoundError(package)


def replace_pkg_resources() -> None:
    """Make ``_base_ = ['mmpretrain::...']`` and ``mmengine.hub`` work without pkg_resources.

    Upstream: ``mmengine.utils.package_utils`` (0.10.7) imports pkg_resources, which setuptools dropped in 81.
    """
    if importlib.util.find_spec('pkg_resources') is not None:
        return
    from mmengine import utils
    from mmengine.config import config
    from mmengine.hub import hub
    from mmengine.utils import package_utils

    for module in (package_utils, utils, config):
        module.is_installed = _is_installed
    for module in (package_utils, utils, config, hub):
        module.get_installed_path = _get_installed_path


# -- mmengine formats the text of a config anew for each log, file and checkpoint --------------------------------------


def remember_formatted_configs() -> None:
    """Format the same text of a config once.

    Upstream: ``Config.pretty_text`` (mmengine 0.10.7) runs yapf at each use, a second of the processor for a config of
    ours. A training uses it five times before its first step and once more for every checkpoint.
    """
    from mmengine.config import config

    if hasattr(config.FormatCode, '__wrapped__'):
        return  # this was called before
    theirs = config.FormatCode

    @lru_cache(maxsize=8)
    def format_once(text: str, options: tuple[tuple[str, object], ...], **more: object) -> object:
        return theirs(text, style_config=dict(options), **more)

    @wraps(theirs)
    def remember(text: str, *, style_config: dict[str, object], **more: object) -> object:
        return format_once(text, tuple(style_config.items()), **more)

    config.FormatCode = remember


# -- torch waits five seconds at exit for each worker of a pinned loader -----------------------------------------------


def end_workers(loader: DataLoader) -> None:
    """End the persistent workers of a data loader; its next epoch starts new ones.

    Upstream: where memory is pinned, torch (2.11) registers each persistent worker to be joined at exit, for up to five
    seconds, without telling it to end. The iterator tells them when it is freed, but a Runner, which is part of
    reference cycles, keeps it until the very end: with twelve workers a training ended a minute late.
    """
    iterator = getattr(loader, '_iterator', None)
    if iterator is not None:
        loader._iterator = None
        iterator._shutdown_workers()


# -- mmengine's init_dist calls cuda.set_device ------------------------------------------------------------------------


def init_distributed(launcher: str, dist_cfg: dict) -> None:
    """Start the process group, on gloo where there is no GPU.

    Upstream: ``mmengine.dist.init_dist`` (0.10.7) calls ``torch.cuda.set_device`` whatever the backend. The Runner
    leaves a group that is already there alone, so this runs before it.

    Args:
        launcher: ``'none'``, ``'pytorch'`` (torchrun), ``'slurm'`` or ``'mpi'``.
        dist_cfg: ``env_cfg.dist_cfg``: ``backend`` and ``timeout`` in seconds.

    Raises:
        ConfigError: another launcher than torchrun on a machine without a GPU.
    """
    import torch
    from mmengine.dist import init_dist, is_distributed

    if launcher == 'none' or is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **dist_cfg)
        return
    if launcher != 'pytorch' or 'RANK' not in os.environ:
        raise ConfigError(
            f'launcher {launcher!r}: without a GPU, processes are started by torchrun only; '
            'use tools/dist_train.sh CONFIG NUMBER_OF_PROCESSES'
        )
    timeout = timedelta(seconds=dist_cfg['timeout']) if 'timeout' in dist_cfg else None
    torch.distributed.init_process_group('gloo', timeout=timeout)


# -- open_clip's load_checkpoint takes a position embedding's grid to be square ----------------------------------------


@contextmanager
def replace_position_resize(resize: Callable[..., None]) -> Iterator[None]:
    """Let open_clip's ``load_checkpoint`` resize the visual position embedding with another function.

    Upstream: ``open_clip.model.resize_pos_embed`` (3.3.0) reads every embedding as a square, so that rectangular ones
    fail; and it leaves one alone that has the right number of patches, though they may lie on another grid.

    Args:
        resize: called with the state dict, to be changed in place, and the model.
    """
    from open_clip import factory

    theirs = factory.resize_pos_embed
    factory.resize_pos_embed = resize
    try:
        yield
    finally:
        factory.resize_pos_embed = theirs


# -- open_clip's load_checkpoint reads OpenAI's archives without protection --------------------------------------------


@contextmanager
def replace_weights_reading(state: Mapping[str, Tensor]) -> Iterator[None]:
    """Let open_clip's ``load_checkpoint`` take weights that are read already.

    Upstream: open_clip (3.3.0) reads TorchScript archives only with torch's protection off, which runs
    whatever a crafted file holds.

    Args:
        state: the weights.
    """
    from open_clip import factory

    theirs = factory.load_state_dict
    factory.load_state_dict = lambda *_args, **_options: state
    try:
        yield
    finally:
        factory.load_state_dict = theirs


# -- open_clip's create_model says that weights are random which are loaded right after --------------------------------


@contextmanager
def without_random_weights_warning() -> Iterator[None]:
    """Keep open_clip's warning "Model initialized randomly" off the log.

    Upstream: ``open_clip.factory.create_model`` (3.3.0) gives it whenever no tag is named, also where weights
    are loaded afterwards.
    """

    def keep(record: logging.LogRecord) -> bool:
        return 'initialized randomly' not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(keep)
    try:
        yield
    finally:
        root.removeFilter(keep)


# -- openvino leaves a signal stack behind that it has unmapped --------------------------------------------------------


@cache
def openvino_core() -> openvino.Core:
    """Give this process's one OpenVINO Core, which nobody frees.

    Upstream: a Core (openvino 2026.4) sets a stack for signal handlers, and sets the one before it again when it is
    freed. Where a first Core is freed before a second, the stack of the first is unmapped and then set again, and the
    next signal that has a handler, such as Ctrl-C or the end of a loader's worker, is a segmentation fault.
    """
    import openvino

    return openvino.Core()
