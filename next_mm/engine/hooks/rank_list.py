"""Pictures of rank lists at the end of a training and, on request, of a test (Fig. 10, 11)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from next_mm.evaluation import ReIDMetric
from next_mm.registry import HOOKS
from next_mm.retrieval import QueryScore, SearchResults
from next_mm.retrieval.failures import CAUSES, failures_by_cause
from next_mm.utils.options import check_integer
from next_mm.visualization.rank_list import QueryPictures

__all__ = ['RESULTS_FILE', 'RankListHook', 'choose_queries']

RESULTS_FILE = 'queries.json'
"""Written beside the pictures: the results of every query, see :class:`next_mm.retrieval.SearchResults`."""

_PICTURE = re.compile(r'(?:failure_\d_)?\d{2,}_query_\d+\.png')
"""Names of the pictures."""


def choose_queries(scores: Sequence[QueryScore | None], count: int) -> list[int]:
    """Choose queries from the worst to the best, evenly spread; those without a score are left out.

    Args:
        scores: score of each query.
        count: how many.
    """
    ranked = sorted((score.average_precision, index) for index, score in enumerate(scores) if score is not None)
    places = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)
    return [ranked[place][1] for place in dict.fromkeys(places.tolist())]


@HOOKS.register_module()
class RankListHook(Hook):
    """Draw what some queries found, after the last validation of a training.

    The pictures show all three modalities, correct entries in green and wrong ones in red, and go to
    ``<work_dir>/rank_lists`` beside ``queries.json``, the results of every query. They reach TensorBoard too. The
    queries are spread evenly from the worst to the best; beside them are the worst failures of each cause
    (:mod:`next_mm.retrieval.failures`). Pictures that an earlier run left in the folder are removed.

    Args:
        num_queries: pictures to draw.
        num_failures: failures of each cause to draw.
        topk: gallery entries for each query.
        out_dir: folder; with one given, a test is drawn as well (``tools/test.py --show-dir``).

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self, *, num_queries: int = 8, num_failures: int = 2, topk: int = 10, out_dir: str | None = None
    ) -> None:
        check_integer('RankListHook.num_queries', num_queries, 0)
        check_integer('RankListHook.num_failures', num_failures, 0)
        check_integer('RankListHook.topk', topk, 1)
        self.num_queries = num_queries
        self.num_failures = num_failures
        self.topk = topk
        self.out_dir = out_dir

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw after the last validation."""
        if runner.epoch == runner.max_epochs:
            self._draw(runner, runner.val_evaluator, runner.val_dataloader.dataset)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw after a test."""
        if self.out_dir is not None:
            self._draw(runner, runner.test_evaluator, runner.test_dataloader.dataset)

    def _draw(self, runner: Runner, evaluator: Evaluator, dataset: Any) -> None:
        if not is_main_process():
            return
        metric = next((metric for metric in evaluator.metrics if isinstance(metric, ReIDMetric)), None)
        if metric is None:
            runner.logger.warning('RankListHook: no ReIDMetric among the evaluators, so no rank lists are drawn')
            return
        results = metric.search(self.topk)
        folder = Path(self.out_dir) if self.out_dir is not None else Path(runner.work_dir) / 'rank_lists'
        results.save(folder / RESULTS_FILE)
        for earlier in folder.iterdir():
            if _PICTURE.fullmatch(earlier.name):
                earlier.unlink()
        draw = QueryPictures(dataset)
        self._draw_queries(runner, results, draw, folder)
        self._draw_failures(results, draw, folder)
        runner.logger.info(f'Rank lists are in {folder}')

    def _draw_queries(self, runner: Runner, results: SearchResults, draw: QueryPictures, folder: Path) -> None:
        for place, query in enumerate(choose_queries(results.scores, self.num_queries), start=1):
            picture = draw(results, query)
            Image.fromarray(picture).save(folder / f'{place:02d}_query_{query}.png')
            step = runner.epoch if self.out_dir is None else 0
            runner.visualizer.add_image(f'rank_list/{place:02d}', picture, step=step)

    def _draw_failures(self, results: SearchResults, draw: QueryPictures, folder: Path) -> None:
        for cause, queries in failures_by_cause(results).items():
            number = CAUSES.index(cause) + 1
            for place, query in enumerate(queries[: self.num_failures], start=1):
                picture = Image.fromarray(draw(results, query, cause.capitalize()))
                picture.save(folder / f'failure_{number}_{place:02d}_query_{query}.png')
