"""Pictures of rank lists at the end of a training and, on request, of a test (Fig. 10, 11)."""

from __future__ import annotations

import json
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
from next_mm.visualization.rank_list import QueryPictures

__all__ = ['RankListHook', 'choose_queries']


def choose_queries(scores: Sequence[float | None], count: int) -> list[int]:
    """Choose queries from the worst to the best, evenly spread; those without a match (``None``) have no score and are left out.

    Args:
        scores: average precision of each query.
        count: how many.
    """
    ranked = sorted((score, index) for index, score in enumerate(scores) if score is not None)
    places = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)
    return [ranked[place][1] for place in dict.fromkeys(places.tolist())]


@HOOKS.register_module()
class RankListHook(Hook):
    """Draw what some queries found, after the last validation of a training.

    The pictures show all three modalities, right entries in green and wrong ones in red, and go to ``<work_dir>/rank_lists`` beside
    ``queries.json``, the results of every query. They reach TensorBoard too. The queries drawn are spread evenly from the worst to the
    best.

    Args:
        num_queries: pictures to draw.
        topk: gallery entries a query.
        out_dir: folder; with one given, a test is drawn as well (``tools/test.py --show-dir``).
    """

    def __init__(self, *, num_queries: int = 8, topk: int = 10, out_dir: str | None = None) -> None:
        self.num_queries = num_queries
        self.topk = topk
        self.out_dir = out_dir
        self.results: Path | None = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Ask the metric for the results of every query in the last validation."""
        if runner.epoch == runner.max_epochs:
            self._request(runner, runner.val_evaluator)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw after the last validation."""
        if runner.epoch == runner.max_epochs:
            self._draw(runner, runner.val_dataloader.dataset)

    def before_test_epoch(self, runner: Runner) -> None:
        """Ask the metric for the results of every query."""
        if self.out_dir is not None:
            self._request(runner, runner.test_evaluator)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw after a test."""
        if self.out_dir is not None:
            self._draw(runner, runner.test_dataloader.dataset)

    def _request(self, runner: Runner, evaluator: Evaluator) -> None:
        folder = Path(self.out_dir) if self.out_dir is not None else Path(runner.work_dir) / 'rank_lists'
        metric = next((metric for metric in evaluator.metrics if isinstance(metric, ReIDMetric)), None)
        if metric is None:
            runner.logger.warning('RankListHook: no ReIDMetric among the evaluators, so no rank lists are drawn')
            return
        metric.num_nearest = max(metric.num_nearest, self.topk)
        metric.save_to = metric.save_to or str(folder / 'queries.json')
        self.results = Path(metric.save_to)

    def _draw(self, runner: Runner, dataset: Any) -> None:
        if self.results is None or not is_main_process():
            return
        queries = json.loads(self.results.read_text(encoding='utf-8'))['queries']
        folder = Path(self.out_dir) if self.out_dir is not None else Path(runner.work_dir) / 'rank_lists'
        folder.mkdir(parents=True, exist_ok=True)
        draw = QueryPictures(dataset)
        for place, index in enumerate(choose_queries([query['ap'] for query in queries], self.num_queries)):
            picture = draw(queries[index], self.topk)
            Image.fromarray(picture).save(folder / f'{place + 1:02d}_query_{index}.png')
            runner.visualizer.add_image(
                f'rank_list/{place + 1:02d}', picture, step=runner.epoch if self.out_dir is None else 0
            )
        runner.logger.info(f'Rank lists are in {folder}')
