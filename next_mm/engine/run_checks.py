"""What the first batch, a validation or a test would stop at, found before the first step of training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, Hook
from torch import nn

from next_mm.datasets import TripletDataset
from next_mm.datasets.seeding import seeded
from next_mm.engine.hooks import ReportHook
from next_mm.errors import ConfigError, DataError, UserError
from next_mm.evaluation import ReIDMetric, check_protocol
from next_mm.models import ReIDModel

__all__ = ['check_monitored', 'check_samples', 'check_test_set']

_SAMPLE = ('inputs', 'data_samples')


def check_samples(where: str, dataset: Any) -> None:
    """Make the first sample of a dataset of triplets, so that a pipeline that cannot work stops the run at its start.

    Args:
        where: the dataset's place in the config.
        dataset: of another class it is left alone.

    Raises:
        ConfigError: a transform cannot work on what those before it give, or the last one gives no sample.
        DataError: a picture of the sample cannot be read.
    """
    if not isinstance(dataset, TripletDataset):
        return
    sample: Any = dataset.get_data_info(0)
    with seeded(0):
        for transform in dataset.pipeline.transforms:
            try:
                sample = transform(sample)
            except (UserError, OSError):
                raise
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                name = getattr(transform, '__name__', type(transform).__name__)
                raise ConfigError(
                    f'{where}.pipeline: {name} cannot work on what the transforms before it give '
                    f'({type(error).__name__}: {error}); expected LoadTriplet first and PackTriplet last'
                ) from error
    if not isinstance(sample, Mapping) or not sample.keys() >= set(_SAMPLE):
        raise ConfigError(f'{where}.pipeline: expected PackTriplet as its last transform, which gives {_SAMPLE}')


def check_test_set(model: nn.Module, dataset: Any, evaluator: Evaluator) -> None:
    """Check that a test set has what the model reads and what the metric needs.

    Args:
        model: the model, not wrapped.
        dataset: of the validation or the test; it is listed, nothing is read from disk.
        evaluator: its evaluator.

    Raises:
        DataError: the model reads captions and there are none, or
            :func:`next_mm.evaluation.check_protocol` refuses the samples.
    """
    reads = isinstance(model, ReIDModel) and model.reads_captions
    if reads and getattr(dataset, 'metainfo', {}).get('has_captions') is False:
        raise DataError(model.no_captions())
    protocols = {metric.protocol for metric in evaluator.metrics if isinstance(metric, ReIDMetric)}
    if protocols and hasattr(dataset, 'get_data_info'):
        records = [dataset.get_data_info(index) for index in range(len(dataset))]
        for protocol in protocols:
            check_protocol(records, *protocol)


def check_monitored(hooks: Iterable[Hook], evaluator: Evaluator) -> None:
    """Check that the metrics by which hooks choose the best epoch are among those that a validation returns.

    Args:
        hooks: of the run; those that choose are mmengine's ``CheckpointHook`` (``save_best``) and
            :class:`ReportHook` (``monitor``).
        evaluator: of the validation; with a metric of another class in it nothing is known and nothing checked.

    Raises:
        ConfigError: there is no such metric.
    """
    if not all(isinstance(metric, ReIDMetric) for metric in evaluator.metrics):
        return
    known = [name for metric in evaluator.metrics for name in metric.metric_names]
    for option, name in _monitored(hooks):
        if name not in known:
            raise ConfigError(
                f'{option}: expected one of {", ".join(known)}, which are what the validation returns, got {name!r}'
            )


def _monitored(hooks: Iterable[Hook]) -> Iterable[tuple[str, str]]:
    for hook in hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best not in (None, 'auto'):
            yield from (('CheckpointHook.save_best', name) for name in hook.key_indicators)
        if isinstance(hook, ReportHook):
            yield 'ReportHook.monitor', hook.monitor
