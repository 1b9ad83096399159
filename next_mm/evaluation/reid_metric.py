"""The evaluator of re-identification: gathers features, ranks them, reports mAP, CMC and mINP."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import torch
from mmengine.dist import collect_results, get_world_size, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import Tensor

from next_mm.errors import ConfigError, DataError
from next_mm.evaluation.gathering import FeatureBlocks, gather_features, run_on_main
from next_mm.evaluation.protocol import FIELDS, RULES, RetrievalTable, build_table, check_rule, explain_no_match
from next_mm.registry import METRICS
from next_mm.retrieval.rank_list import rank_list
from next_mm.retrieval.ranking import cosine_rows, score_queries, summarize
from next_mm.retrieval.reranking import ReRanking
from next_mm.retrieval.results import save_query_results


@METRICS.register_module()
class ReIDMetric(BaseMetric):
    """mAP, CMC and mINP of L2-normalised features, in percent, as ``reid/mAP``, ``reid/R-1``, ..., ``reid/mINP``.

    Every sample counts once, whatever the number of processes: what the distributed sampler adds as padding is known
    by its
    ``sample_idx`` and dropped. How ties are ranked: :mod:`next_mm.retrieval.ranking`.

    Args:
        rule: which gallery entries of the query's identity are left out: those of its ``'camera'``, those of its
            ``'scene'``
            (MSVR310), or with ``'none'`` only the query itself.
        topk: ranks of the CMC curve.
        rerank: options of :class:`~next_mm.retrieval.reranking.ReRanking`, ``dict()`` for its defaults; None ranks by
            the
            features alone.
        chunk_size: queries ranked at a time; by default what keeps a chunk of distances at 64 MiB.
        save_to: a ``.json`` file for the results of every query (:mod:`next_mm.retrieval.results`).
        collect_device: see :class:`mmengine.evaluator.BaseMetric`.
        collect_dir: see :class:`mmengine.evaluator.BaseMetric`.
        prefix: see :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ConfigError: an argument is out of range.
        DataError: at evaluation, on every process: features are not finite, cameras or scenes that the rule needs are
            unknown, or no query has a match.
        ValueError: at evaluation, on every process: samples are missing.
    """

    default_prefix = 'reid'
    option_keys: ClassVar[dict[str, tuple[str, ...]]] = {'rerank': tuple(field.name for field in fields(ReRanking))}

    def __init__(
        self,
        *,
        rule: str = 'camera',
        topk: Sequence[int] = (1, 5, 10),
        rerank: Mapping[str, Any] | None = None,
        chunk_size: int | None = None,
        save_to: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, collect_dir=collect_dir, prefix=prefix)
        if rule not in RULES:
            raise ConfigError(f'ReIDMetric: rule: expected one of {RULES}, got {rule!r}')
        if not isinstance(topk, Sequence) or not topk or any(not isinstance(k, int) or k < 1 for k in topk):
            raise ConfigError(f'ReIDMetric: topk: expected ranks from 1, such as (1, 5, 10), got {topk!r}')
        if chunk_size is not None and chunk_size < 1:
            raise ConfigError(f'ReIDMetric: chunk_size: expected a positive number of queries, got {chunk_size!r}')
        if save_to is not None and Path(save_to).suffix != '.json':
            raise ConfigError(f'ReIDMetric: save_to: expected a .json file, got {save_to!r}')
        self.rule = rule
        self.topk = tuple(topk)
        self.num_nearest = max(topk)  # gallery entries a query in the file of save_to; RankListHook may want more
        self.rerank = None if rerank is None else ReRanking(**rerank)
        self.chunk_size = chunk_size
        self.save_to = save_to
        self.features = FeatureBlocks()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names that :meth:`evaluate` returns: ``reid/mAP``, ``reid/R-1``, ..., ``reid/mINP``."""
        return tuple(f'{self.prefix}/{name}' for name in ('mAP', *(f'R-{k}' for k in self.topk), 'mINP'))

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the features of a batch and what the protocol needs to know of its samples."""
        if not data_samples:
            return
        for sample in data_samples:
            missing = [key for key in (*FIELDS, 'feature') if key not in sample]
            if missing:
                raise ValueError(
                    f'ReIDMetric: sample {sample.get("name", "without name")} lacks {missing}; the dataset must give '
                    f"{FIELDS} and the model's prediction a feature"
                )
        features = torch.stack([sample['feature'] for sample in data_samples]).float().cpu()
        self.features.append(features)
        self.results += [{key: sample[key] for key in FIELDS} for sample in data_samples]

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the processes' samples and score them on the first one.

        A failure there is raised on every process, so that none waits for the others.

        Args:
            size: samples in the dataset.
        """
        # One part a process: mmengine's own way drops padding by its position, which holds for one sampler only.
        parts = collect_results(
            [self.results],
            get_world_size(),
            self.collect_device,
            **({'tmpdir': self.collect_dir} if self.collect_device == 'cpu' else {}),
        )
        blocks, self.features = self.features, FeatureBlocks()
        self.results: list[Any] = []
        _remove_empty_collect_folder()
        places = run_on_main(lambda: _find_places(parts, size))
        features = gather_features(blocks, places if is_main_process() else None, size)
        metrics = run_on_main(lambda: self.compute_metrics((_merge_samples(parts, places, size), features)))
        return {f'{self.prefix}/{name}': value for name, value in metrics.items()}

    def compute_metrics(self, results: tuple[list[dict[str, Any]], Tensor]) -> dict[str, float]:
        """Score the whole test set.

        Args:
            results: N samples and their (N, F) features.
        """
        table = build_table(*results)
        check_rule(table, self.rule)
        if self.rerank is None:
            rows = cosine_rows(table.features[table.queries], table.features[table.gallery])
        else:
            rows = self.rerank.rows(table.features, table.queries, table.gallery)
        query, gallery = table.labels(self.rule, table.queries), table.labels(self.rule, table.gallery)
        scores = score_queries(rows, query, gallery, chunk_size=self.chunk_size, keep_ranks=self.save_to is not None)
        num_unmatched = int((scores.num_matches == 0).sum())
        if num_unmatched == len(query):
            raise DataError(explain_no_match(table, self.rule))
        _report(table, self.rule, num_unmatched)
        if self.save_to is not None:
            nearest = rank_list(rows, query, gallery, topk=self.num_nearest, chunk_size=self.chunk_size)
            save_query_results(self.save_to, table, self.rule, scores, nearest)
        return {name: 100 * value for name, value in summarize(scores, self.topk).items()}


def _find_places(parts: list[list[dict[str, Any]]], size: int) -> list[Tensor]:
    """Give each sample of each process its row, in the dataset's order; -1 where another process has it already."""
    indices = [[int(sample['sample_idx']) for sample in part] for part in parts]
    found = sorted(set(itertools.chain.from_iterable(indices)))
    if len(found) != size:
        raise ValueError(
            f'ReIDMetric: expected each of the {size} samples of the dataset, got {len(found)} different ones '
            '(by sample_idx); were all batches processed, and is sample_idx unique?'
        )
    if not found:
        raise DataError('ReIDMetric: the dataset is empty')
    free = {index: row for row, index in enumerate(found)}
    return [torch.tensor([free.pop(index, -1) for index in part], dtype=torch.int64) for part in indices]


def _merge_samples(parts: list[list[dict[str, Any]]], places: list[Tensor], size: int) -> list[dict[str, Any]]:
    """Join the processes' samples, each in its row."""
    merged: list[dict[str, Any]] = [{}] * size
    for part, rows in zip(parts, places):
        for sample, row in zip(part, rows.tolist()):
            if row >= 0:
                merged[row] = sample
    return merged


def _report(table: RetrievalTable, rule: str, num_unmatched: int) -> None:
    num_queries, num_gallery = (rows.stop - rows.start for rows in (table.queries, table.gallery))
    told = f'Evaluation: {num_queries} queries, {num_gallery} gallery entries, rule {rule!r}'
    if num_unmatched:
        told += f'; {num_unmatched} queries have no match and are left out of the averages'
    if table.num_junk:
        told += f'; {table.num_junk} junk samples (identity -1) are not ranked'
    print_log(told, logger='current')


def _remove_empty_collect_folder() -> None:
    """mmengine gathers through ``.dist_test`` in the working directory and leaves the empty folder behind."""
    if is_main_process() and os.path.isdir('.dist_test') and not os.listdir('.dist_test'):
        os.rmdir('.dist_test')
