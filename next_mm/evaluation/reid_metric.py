"""The evaluator of re-identification: gathers features, ranks them, reports mAP, CMC and mINP."""

from __future__ import annotations

import itertools
import logging
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
from next_mm.evaluation.messages import describe, warn_of_captions
from next_mm.evaluation.protocol import FIELDS, Exclude, Protocol, build_table
from next_mm.evaluation.search import RankedTable, rank_table
from next_mm.registry import METRICS
from next_mm.retrieval.comparison import compare
from next_mm.retrieval.ranking import summarize
from next_mm.retrieval.reranking import ReRanking
from next_mm.retrieval.results import SearchResults
from next_mm.retrieval.verification import equal_error_rate, true_match_rate
from next_mm.utils.options import check_choice, check_number

__all__ = ['ReIDMetric']

_OPTIONAL_FIELDS = ('present', 'feature_text')


@METRICS.register_module()
class ReIDMetric(BaseMetric):
    """mAP, CMC and mINP in percent, as ``reid/mAP``, ``reid/R-1``, ..., ``reid/mINP``.

    Every sample counts once, whatever the number of processes: what the distributed sampler adds as padding is known
    by its ``sample_idx`` and dropped. How ties are ranked: :mod:`next_mm.retrieval.ranking`.

    Args:
        exclude: which gallery entries of the query's identity are left out: those of the ``'same camera'``, those of
            the ``'same scene'`` (MSVR310), or only the query ``'itself'``; entries of other identities all count.
        topk: ranks of the CMC curve.
        measure: ``'cosine'`` of the features, or ``'euclidean'`` distance of the features as they are.
        over: where triplets lack modalities, ``'shared parts'`` compares a query and a gallery entry over the parts of
            the feature that both have, ``'whole features'`` compares all, absent parts too.
        verification: false-match rates, such as ``(0.01, 0.001)``, for which the true-match rate is reported, as
            ``reid/TPR@0.01``, beside the equal error rate ``reid/EER`` (:mod:`next_mm.retrieval.verification`).
        rerank: options of :class:`~next_mm.retrieval.reranking.ReRanking`, ``dict()`` for its defaults; None ranks by
            the features alone.
        chunk_size: queries ranked at a time; by default what keeps a chunk of distances at 64 MiB.
        save_to: a ``.json`` file for the results of every query, see
            :meth:`next_mm.retrieval.results.SearchResults.save`.
        collect_device: see :class:`mmengine.evaluator.BaseMetric`.
        collect_dir: see :class:`mmengine.evaluator.BaseMetric`.
        prefix: see :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ConfigError: an argument is out of range.
        DataError: at evaluation, on every process: features are not finite, cameras or scenes that are needed are
            unknown, or no query has a match.
        ValueError: at evaluation, on every process: samples are missing.
    """

    default_prefix = 'reid'
    option_keys: ClassVar[dict[str, tuple[str, ...]]] = {'rerank': tuple(field.name for field in fields(ReRanking))}

    def __init__(
        self,
        *,
        exclude: str = 'same camera',
        topk: Sequence[int] = (1, 5, 10),
        measure: str = 'cosine',
        over: str = 'shared parts',
        verification: Sequence[float] = (),
        rerank: Mapping[str, Any] | None = None,
        chunk_size: int | None = None,
        save_to: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, collect_dir=collect_dir, prefix=prefix)
        check_choice('ReIDMetric.exclude', exclude, [choice.value for choice in Exclude])
        check_choice('ReIDMetric.measure', measure, ('cosine', 'euclidean'))
        check_choice('ReIDMetric.over', over, ('shared parts', 'whole features'))
        ranks = isinstance(topk, Sequence) and topk and all(type(k) is int and k > 0 for k in topk)
        if not ranks or len(set(topk)) < len(topk):
            raise ConfigError(f'ReIDMetric: topk: expected ranks from 1, each once, such as (1, 5, 10), got {topk!r}')
        if chunk_size is not None and chunk_size < 1:
            raise ConfigError(f'ReIDMetric: chunk_size: expected a positive number of queries, got {chunk_size!r}')
        if save_to is not None and Path(save_to).suffix != '.json':
            raise ConfigError(f'ReIDMetric: save_to: expected a .json file, got {save_to!r}')
        for rate in verification:
            check_number('ReIDMetric.verification', rate, 0, 1, above=True)
        self.exclude = Exclude(exclude)
        self.verification = tuple(verification)
        self.topk = tuple(topk)
        self.measure = measure
        self.shares_parts = over == 'shared parts'
        self.rerank = None if rerank is None else ReRanking(**rerank)
        self.chunk_size = chunk_size
        self.save_to = save_to
        self.features = FeatureBlocks()
        self.modalities: Tensor | None = None  # of the dimensions of a feature
        self.ranked: RankedTable | None = None

    @property
    def protocol(self) -> Protocol:
        """What a test set must be fit for, see :func:`next_mm.evaluation.check_protocol`."""
        return self.exclude, self.verification

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names that :meth:`evaluate` returns: ``reid/mAP``, ``reid/R-1``, ..., ``reid/mINP``."""
        verification = ('EER', *(f'TPR@{rate:g}' for rate in self.verification)) if self.verification else ()
        return tuple(f'{self.prefix}/{name}' for name in ('mAP', *(f'R-{k}' for k in self.topk), 'mINP', *verification))

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the features of a batch and what the protocol needs to know of its samples."""
        if not data_samples:
            return
        self.ranked = None  # the features of the last evaluation go before new ones come
        for sample in data_samples:
            missing = [key for key in (*FIELDS, 'feature') if key not in sample]
            if missing:
                raise ValueError(
                    f'ReIDMetric: sample {sample.get("name", "without name")} lacks {missing}; the dataset must give '
                    f"{FIELDS} and the model's prediction a feature"
                )
        features = torch.stack([sample['feature'] for sample in data_samples]).float().cpu()
        self.features.append(features)
        self.modalities = data_samples[0].get('feature_modalities')
        self.results += [_keep_fields(sample) for sample in data_samples]

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the processes' samples and score them on the first one.

        A failure there is raised on every process, so that no process waits for another.

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
        table = build_table(*results, None if self.modalities is None else self.modalities.cpu())
        present = table.present if self.shares_parts else None
        comparison = compare(table.features, measure=self.measure, present=present, modalities=table.modalities)
        self.ranked = rank_table(table, self.exclude, comparison, rerank=self.rerank, chunk_size=self.chunk_size)
        print_log(describe(self.ranked, shares_parts=self.shares_parts), logger='current')
        warning = warn_of_captions(table)
        if warning:
            print_log(warning, logger='current', level=logging.WARNING)
        if self.save_to is not None:
            self.search(max(self.topk)).save(self.save_to)
        figures = summarize(self.ranked.scores, self.topk)
        if self.verification:
            curve = self.ranked.verify()
            figures['EER'] = equal_error_rate(curve)[0]
            figures |= {f'TPR@{rate:g}': true_match_rate(curve, rate)[0] for rate in self.verification}
        return {name: 100 * value for name, value in figures.items()}

    def search(self, topk: int) -> SearchResults:
        """Return what every query of the last evaluation found; on the first process, which ranks.

        Args:
            topk: gallery entries for each query.

        Raises:
            ValueError: nothing was evaluated on this process since the last :meth:`process`.
        """
        if self.ranked is None:
            raise ValueError('ReIDMetric.search: evaluate first; only the first process has results')
        return self.ranked.search(topk)


def _keep_fields(sample: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: sample[key] for key in FIELDS}
    kept.update((key, tuple(map(bool, sample[key]))) for key in _OPTIONAL_FIELDS if sample.get(key) is not None)
    return kept


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


def _remove_empty_collect_folder() -> None:
    """mmengine gathers through ``.dist_test`` in the working directory and leaves the empty folder behind."""
    if is_main_process() and os.path.isdir('.dist_test') and not os.listdir('.dist_test'):
        os.rmdir('.dist_test')
