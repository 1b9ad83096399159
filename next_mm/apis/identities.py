"""The number of training identities, where a config leaves it open (``model.num_classes=None``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from next_mm.datasets import TripletDataset
from next_mm.engine import read_checkpoint
from next_mm.engine.resumed_config import read_config_text
from next_mm.errors import ConfigError, DataError
from next_mm.registry import DATASETS

__all__ = ['count_identities', 'fill_num_classes']

_OPEN = 'model.num_classes is None: it is the number of training identities'


def fill_num_classes(cfg: Config, checkpoint: str | Path | None = None) -> None:
    """Set ``model.num_classes`` where it is ``None``.

    Args:
        cfg: changed in place.
        checkpoint: one of the model's, whose config says how many identities it was trained on; without one the
            training data are listed.

    Raises:
        ConfigError: neither says how many identities there are.
        CheckpointError: the checkpoint cannot be read.
    """
    if 'num_classes' not in cfg.model or cfg.model.num_classes is not None:
        return
    classes = _classes_of(checkpoint) if checkpoint is not None else None
    cfg.model = dict(cfg.model, num_classes=classes if classes is not None else _count_in(cfg))


def count_identities(dataset: BaseDataset) -> int | None:
    """Count the identities of a dataset; ``None`` where it does not know.

    Args:
        dataset: a :class:`TripletDataset` need not be listed yet.

    Raises:
        DataError: the triplets cannot be listed.
    """
    if isinstance(dataset, TripletDataset):
        records, problems = dataset.layout.find_split()
        dataset.layout.refuse_unsound(records, problems)
        return len({record['identity'] for record in records})
    return dataset.metainfo.get('num_identities')


def _classes_of(checkpoint: str | Path) -> int | None:
    """The number of identities in the config that a checkpoint holds."""
    text = read_checkpoint(checkpoint).get('meta', {}).get('cfg')
    model: Any = (read_config_text(text) or {}).get('model') if isinstance(text, str) else None
    return model.get('num_classes') if isinstance(model, dict) else None


def _count_in(cfg: Config) -> int:
    loader = cfg.get('train_dataloader')
    if loader is None:
        raise ConfigError(f'{_OPEN}, but there is no train_dataloader to count them in; set model.num_classes')
    try:
        dataset = DATASETS.build({**loader.dataset, 'pipeline': [], 'lazy_init': True})
        identities = count_identities(dataset)
    except (DataError, OSError) as error:
        raise ConfigError(f'{_OPEN}, which cannot be counted ({error}); set model.num_classes') from error
    if not identities:
        kind = type(dataset).__name__
        raise ConfigError(f'{_OPEN}, but {kind} does not say how many it has; set model.num_classes')
    return identities
