"""Rank lists of the same queries by several models, below each other (Fig. 10, 11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import Evaluator
from mmengine.visualization import Visualizer
from PIL import Image

from next_mm.analysis.command_line import TrainedModel
from next_mm.apis.features import build_test_loader, predict
from next_mm.engine.hooks import choose_queries
from next_mm.errors import UserError
from next_mm.evaluation import ReIDMetric
from next_mm.retrieval import SearchResults
from next_mm.visualization.rank_list import QueryPictures


def compare_rank_lists(
    runs: Sequence[TrainedModel],
    out_dir: Path,
    count: int,
    names: Sequence[str] | None,
    topk: int,
    visualizer: Visualizer,
) -> Iterator[Path]:
    """Draw some queries with every model.

    Args:
        runs: the models, tested on the same data.
        out_dir: where the pictures go.
        count: queries, spread from the worst to the best of the first model.
        names: these queries instead.
        topk: gallery entries a query.
        visualizer: records the pictures too.

    Yields:
        the files, PNG and PDF.

    Raises:
        UserError: a name is not that of a query with a match.
    """
    results = [_search(run, topk) for run in runs]
    draw = QueryPictures(build_test_loader(runs[0].cfg).dataset)
    out_dir.mkdir(parents=True, exist_ok=True)
    for index in _choose(results[0], count, names):
        picture = stack([draw(found, index, run.label) for run, found in zip(runs, results, strict=True)])
        # A name may hold folders (own data: <identity>/<file>), which tell files of one name apart.
        stem = (
            out_dir / f'rank_list_{Path(results[0].queries[index].name).with_suffix("").as_posix().replace("/", "_")}'
        )
        for suffix in ('.png', '.pdf'):
            Image.fromarray(picture).save(stem.with_name(stem.name + suffix), resolution=200)
            yield stem.with_name(stem.name + suffix)
        visualizer.add_image(stem.name, picture)


def stack(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Put (H, W, 3) pictures below each other on white."""
    width = max(picture.shape[1] for picture in pictures)
    padding = [((0, 8), (0, width - picture.shape[1]), (0, 0)) for picture in pictures]
    return np.concatenate(
        [np.pad(picture, pad, constant_values=255) for picture, pad in zip(pictures, padding, strict=True)]
    )


def _search(run: TrainedModel, topk: int) -> SearchResults:
    """Return the results of every query, by the first metric of the config's own evaluator that searches."""
    loader = build_test_loader(run.cfg)
    evaluator = Evaluator(run.cfg.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    for batch, predictions in predict(run.model, loader, run.label):
        evaluator.process(predictions, batch)
    evaluator.evaluate(len(loader.dataset))
    metric = next((metric for metric in evaluator.metrics if isinstance(metric, ReIDMetric)), None)
    if metric is None:
        raise UserError(f'{run.label}: no ReIDMetric in test_evaluator, so there are no rank lists')
    return metric.search(topk)


def _choose(results: SearchResults, count: int, names: Sequence[str] | None) -> list[int]:
    if not names:
        return choose_queries(results.scores, count)
    places = {query.name: index for index, query in enumerate(results.queries) if results.scores[index] is not None}
    unknown = [name for name in names if name not in places]
    if unknown:
        raise UserError(
            f'no query with a match is named {", ".join(unknown)}; the first is {next(iter(places), "none at all")}'
        )
    return [places[name] for name in names]
