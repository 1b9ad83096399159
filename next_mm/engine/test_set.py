"""What a validation or a test would stop at, found before the first step of training."""
from __future__ import annotations

from typing import Any

from mmengine.evaluator import Evaluator
from torch import nn

from next_mm.errors import DataError
from next_mm.evaluation import ReIDMetric, check_protocol

__all__ = ['check_test_set']


def check_test_set(model: nn.Module, dataset: Any, evaluator: Evaluator) -> None:
    """Check that a test set has what the model reads and what the metric needs.

    Args:
        model: the model, not wrapped.
        dataset: of the validation or the test; it is listed, nothing is read from disk.
        evaluator: its evaluator.

    Raises:
        ConfigError: the metric's rule is unknown.
        DataError: the model reads captions and there are none, or :func:`next_mm.evaluation.check_protocol` refuses the samples.
    """
    if getattr(model, 'text', None) is not None and getattr(dataset, 'metainfo', {}).get('has_captions') is False:
        from next_mm.models.next_reid import NO_CAPTIONS  # late: the models load open_clip
        raise DataError(NO_CAPTIONS)
    rules = {metric.rule for metric in evaluator.metrics if isinstance(metric, ReIDMetric)}
    if rules and hasattr(dataset, 'get_data_info'):
        records = [dataset.get_data_info(index) for index in range(len(dataset))]
        for rule in rules:
            check_protocol(records, rule)
