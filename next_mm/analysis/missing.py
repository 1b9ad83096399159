"""One trained model tested without one or two modalities, without captions, and with random gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from torch import nn

from next_mm.analysis.run_logs import METRICS
from next_mm.analysis.tables import Table
from next_mm.apis.features import build_test_loader, predict, without_captions
from next_mm.errors import UserError
from next_mm.evaluation import Exclude
from next_mm.structures import ReIDDataSample
from next_mm.triplet import MODALITIES

SIDES = ('queries', 'gallery', 'queries and gallery')


@dataclass(frozen=True)
class Case:
    """What is missing at test.

    Attributes:
        missing: its name in the table.
        modalities: modalities that every triplet lacks.
        captions: whether every triplet lacks its captions.
        gaps: how often a modality of a triplet is missing at random; never all of them.
        side: which triplets have gaps, one of :data:`SIDES`.
        over: what is compared, see :class:`next_mm.evaluation.ReIDMetric`; None leaves it to the config.
    """

    missing: str
    modalities: tuple[str, ...] = ()
    captions: bool = False
    gaps: float = 0.0
    side: str = ''
    over: str | None = None


def missing_cases(with_text: bool, gaps: float = 0.0) -> Iterator[Case]:
    """Yield all modalities, the six cases of one or two missing, the same pictures without captions, and random gaps.

    Args:
        with_text: whether the model reads captions.
        gaps: how often a modality of a triplet is missing at random; 0 leaves these cases out.
    """
    yield Case('nothing')
    for count in (1, 2):
        for missing in combinations(MODALITIES, count):
            yield Case(' and '.join(name.upper() for name in missing), missing)
    if with_text:
        yield Case('captions', captions=True)
    for side in SIDES if gaps else ():
        for over in ('shared parts', 'whole features'):
            yield Case(f'{100 * gaps:g} % at random in {side}, {over}', gaps=gaps, side=side, over=over)


def draw_gaps(sample_idx: int, present: Sequence[bool], prob: float, seed: int) -> list[bool]:
    """Return which of a triplet's modalities stay, whatever batch it is in; at least one of those present does.

    Args:
        sample_idx: the triplet's place in the dataset.
        present: its modalities.
        prob: how often a modality is taken away.
        seed: of the drawing.
    """
    rng = np.random.default_rng((seed, sample_idx))
    kept = [there and rng.random() >= prob for there in present]
    if not any(kept):
        kept[rng.choice(np.flatnonzero(present))] = True
    return kept


def take_away(case: Case, seed: int) -> Callable[[dict[str, Any]], None] | None:
    """Return what changes a batch as a case says before the model sees it; None where the dataset does."""
    if case.captions:
        return without_captions
    if not case.gaps:
        return None

    def change(batch: dict[str, Any]) -> None:
        for pictures, sample in zip(batch['inputs'], batch['data_samples']):
            if (case.side == 'queries' and not sample.is_query) or (case.side == 'gallery' and not sample.is_gallery):
                continue
            present = torch.tensor(
                draw_gaps(sample.sample_idx, torch.as_tensor(sample.present).tolist(), case.gaps, seed)
            )
            pictures[~present] = 0
            sample.present = present
            if 'has_text' in sample:
                sample.has_text = torch.as_tensor(sample.has_text) & present

    return change


def evaluate_case(cfg: Config, model: nn.Module, case: Case, seed: int = 0) -> dict[str, float]:
    """Return the metrics in percent of one case, by the config's own evaluator.

    Args:
        cfg: the config.
        model: the trained model.
        case: what is missing.
        seed: of random gaps.

    Raises:
        UserError: triplets are in query and gallery, only one of which has gaps, and each is to find all but itself.
    """
    loader = build_test_loader(cfg, **({'missing_modalities': case.modalities} if case.modalities else {}))
    evaluator = Evaluator(_over(cfg.test_evaluator, case.over))
    evaluator.dataset_meta = loader.dataset.metainfo
    apart = len(_passes(loader.dataset, case)) > 1
    if apart and any(getattr(metric, 'exclude', None) == Exclude.ITSELF for metric in evaluator.metrics):
        raise UserError(
            f"{case.missing}: exclude='itself' cannot tell a triplet with gaps from itself without; use --gaps 0"
        )
    size = 0
    for role in _passes(loader.dataset, case):
        change = take_away(case, seed) if role in (None, case.side) else None
        for batch, predictions in predict(model, loader, f'missing: {case.missing}', change=change):
            kept = predictions if role is None else _in_role(predictions, role, len(loader.dataset))
            size += len(kept)
            if kept:
                evaluator.process(kept, batch)
    return {key.removeprefix('reid/'): value for key, value in evaluator.evaluate(size).items()}


def _passes(dataset: Any, case: Case) -> tuple[str | None, ...]:
    """Return the roles to predict for, one after the other: both where a triplet is in both and only one has gaps."""
    if case.side not in SIDES[:2]:
        return (None,)
    records = (dataset.get_data_info(index) for index in range(len(dataset)))
    return SIDES[:2] if any(record['is_query'] and record['is_gallery'] for record in records) else (None,)


def _in_role(samples: Sequence[ReIDDataSample], role: str, size: int) -> list[ReIDDataSample]:
    """Keep the samples of a role, in that role alone; those of the gallery are numbered behind all of the dataset."""
    kept = [sample for sample in samples if (sample.is_query if role == 'queries' else sample.is_gallery)]
    for sample in kept:
        offset = 0 if role == 'queries' else size
        facts = dict(is_query=role == 'queries', is_gallery=role != 'queries', sample_idx=sample.sample_idx + offset)
        sample.set_metainfo(facts)
    return kept


def _over(evaluator: Any, over: str | None) -> Any:
    """Return an evaluator's config whose ReIDMetrics compare what a case says."""
    if over is None:
        return evaluator
    metrics = [evaluator] if isinstance(evaluator, Mapping) else evaluator
    return [{**metric, 'over': over} if metric.get('type') == 'ReIDMetric' else metric for metric in metrics]


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
