"""One trained model tested without one or two modalities, and without captions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from torch import nn

from next_mm.analysis.run_logs import METRICS
from next_mm.analysis.tables import Table
from next_mm.apis.features import build_test_loader, predict, without_captions
from next_mm.triplet import MODALITIES


@dataclass(frozen=True)
class Case:
    """What is missing at test."""

    missing: str
    modalities: tuple[str, ...] = ()
    captions: bool = False


def missing_cases(with_text: bool) -> Iterator[Case]:
    """All modalities, the six cases of one or two missing, and with text the same pictures without captions.

    Args:
        with_text: whether the model reads captions.
    """
    yield Case('nothing')
    for count in (1, 2):
        for missing in combinations(MODALITIES, count):
            yield Case(' and '.join(name.upper() for name in missing), missing)
    if with_text:
        yield Case('captions', captions=True)


def evaluate_case(cfg: Config, model: nn.Module, case: Case) -> dict[str, float]:
    """Metrics in percent of one case, by the config's own evaluator."""
    loader = build_test_loader(cfg, **({'missing_modalities': case.modalities} if case.modalities else {}))
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    change = without_captions if case.captions else None
    for batch, predictions in predict(model, loader, f'missing: {case.missing}', change=change):
        evaluator.process(predictions, batch)
    return {key.removeprefix('reid/'): value for key, value in evaluator.evaluate(len(loader.dataset)).items()}


def missing_table(title: str, results: Sequence[tuple[str, dict[str, dict[str, float]]]]) -> Table:
    """Cases down, models across.

    Args:
        title: caption.
        results: (model's label, case -> metrics), the same cases in each.
    """
    several = len(results) > 1
    metrics = METRICS[:2] if several else METRICS
    columns = [f'{label} {metric}' if several else metric for label, _ in results for metric in metrics]
    table = Table(title, ['missing at test', *columns])
    for case in dict.fromkeys(case for _, cases in results for case in cases):
        figures = [cases.get(case, {}).get(metric) for _, cases in results for metric in metrics]
        table.add([case, *figures])
    return table
