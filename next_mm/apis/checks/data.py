"""The data of a config, checked before training: what they hold, and whether model and evaluators can use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from next_mm.datasets import TripletDataset
from next_mm.datasets.check import DataReport, Progress, check_datasets
from next_mm.errors import ConfigError, DataError
from next_mm.evaluation import Protocol, ReIDMetric, check_protocol
from next_mm.layouts import Problem
from next_mm.models import ReIDModel
from next_mm.registry import DATASETS, METRICS, MODELS

__all__ = ['check_data']

_LOOPS = ('train', 'val', 'test')


def check_data(cfg: Config, progress: Progress = lambda items, length, what: items) -> DataReport:
    """Check the data of a config, and what its model and evaluators ask of them.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it.
        progress: shows how far the decoding of the pictures is.

    Returns:
        What the data hold, and everything found; fatal is what training or testing would stop at or go wrong with.

    Raises:
        ConfigError: no data loader at all, or an option that its class refuses.
    """
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    datasets = _build_datasets(cfg)
    if not datasets:
        raise ConfigError(
            'the config has no train_dataloader, val_dataloader or test_dataloader: there is nothing to check'
        )
    loader = cfg.get('train_dataloader') or {}
    instances = (loader.get('batch_sampler') or {}).get('num_instances')
    report = check_datasets(
        list(dict.fromkeys(datasets.values())),
        batch=(loader['batch_size'], instances) if instances is not None else None,
        captions_read=_reads_captions(cfg.model),
        progress=progress,
    )
    report.problems[:0] = [*_check_classes(cfg, datasets, report), *_check_protocols(cfg, datasets, report)]
    return report


def _reads_captions(model: Mapping[str, Any]) -> bool:
    method = MODELS.get(model['type'])
    return issubclass(method, ReIDModel) and method.config_reads_captions(model)


def _build_datasets(cfg: Config) -> dict[str, TripletDataset]:
    """The dataset of each loop, nothing listed yet; one object where two loops have the same."""
    configs: list[dict] = []
    built: list[TripletDataset] = []
    datasets: dict[str, TripletDataset] = {}
    for name in _LOOPS:
        if cfg.get(f'{name}_dataloader') is None:
            continue
        config = cfg[f'{name}_dataloader'].dataset.to_dict()
        loading = [step for step in config.get('pipeline') or [] if step.get('type') == 'LoadTriplet']
        config.update(pipeline=loading, lazy_init=True)
        if config not in configs:
            configs.append(config)
            built.append(DATASETS.build(config))
        datasets[name] = built[configs.index(config)]
    return datasets


def _check_classes(cfg: Config, datasets: Mapping[str, TripletDataset], report: DataReport) -> Iterator[Problem]:
    classes = cfg.model.get('num_classes')
    if 'train' not in datasets or classes is None:
        return
    dataset = datasets['train']
    identities = len({record['identity'] for record in report.records.get(dataset, ())})
    if identities and classes != identities:
        yield Problem(
            'another number of classes than identities',
            f'model.num_classes is {classes}',
            f'{dataset.title} has {identities} training identities; set model.num_classes={identities}',
        )


def _check_protocols(cfg: Config, datasets: Mapping[str, TripletDataset], report: DataReport) -> Iterator[Problem]:
    evaluators: dict[TripletDataset, dict[Protocol, str]] = {}  # of each test set, which evaluator first asks for what
    for name in ('val', 'test'):
        if name in datasets:
            protocols = evaluators.setdefault(datasets[name], {})
            for protocol in sorted(_protocols(cfg.get(f'{name}_evaluator'))):
                protocols.setdefault(protocol, name)
    for dataset, protocols in evaluators.items():
        records = [{**record, 'sample_idx': number} for number, record in enumerate(report.records.get(dataset, ()))]
        for protocol, name in protocols.items() if records else ():
            try:
                check_protocol(records, *protocol)
            except DataError as error:
                yield Problem('a test set that cannot be evaluated', f'{name}_evaluator', str(error))


def _protocols(evaluator: Any) -> set[Protocol]:
    """Return the protocols in an evaluator's config: a metric, a list of them, or an ``Evaluator`` that has them."""
    metrics = evaluator.get('metrics', evaluator) if isinstance(evaluator, Mapping) else evaluator or []
    built = [METRICS.build(metric) for metric in ([metrics] if isinstance(metrics, Mapping) else metrics)]
    return {metric.protocol for metric in built if isinstance(metric, ReIDMetric)}
