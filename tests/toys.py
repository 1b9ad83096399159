"""A model, a dataset and a metric small enough to train in a blink, for tests of what drives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn

from next_mm.models import ReIDModel
from next_mm.registry import DATASETS, METRICS, MODELS
from next_mm.structures import ReIDDataSample, TripletBatch

NUM_IDENTITIES = 4


@DATASETS.register_module()
class ToyPoints(BaseDataset):
    """Points around one centre for each identity."""

    METAINFO = dict(num_identities=NUM_IDENTITIES)

    def __init__(self, *, count: int = 16, poisoned: int | None = None, **kwargs: Any) -> None:
        self.count, self.poisoned = count, poisoned
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """List the points; number ``poisoned`` is no number."""
        rng = np.random.default_rng(1)
        points = rng.normal(size=(self.count, 6)).astype('float32')
        if self.poisoned is not None:
            points[self.poisoned] = np.nan
        return [dict(name=f'point{i}', label=i % NUM_IDENTITIES, point=points[i]) for i in range(self.count)]

    def prepare_data(self, idx: int) -> dict:
        """Return one sample."""
        record = self.get_data_info(idx)
        sample = ReIDDataSample(metainfo=dict(name=record['name'], sample_idx=idx))
        sample.label = record['label']
        return dict(inputs=torch.from_numpy(record['point']), data_samples=sample)


@MODELS.register_module()
class ToyPreprocessor(BaseDataPreprocessor):
    """Stacks the points."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Return the points (B, 6) and their batch."""
        samples = list(data['data_samples'])
        labels = torch.tensor([sample.label for sample in samples])
        return dict(inputs=torch.stack(list(data['inputs'])), data_samples=TripletBatch(samples=samples, labels=labels))


@MODELS.register_module()
class ToyReID(ReIDModel):
    """A backbone, a branch without BNNeck, and a frozen text tower that is not stored."""

    optional_state = ('text.',)

    def __init__(self, *, num_classes: int = NUM_IDENTITIES, dropout: float = 0.5) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=dict(type='ToyPreprocessor'))
        self.backbone = nn.Linear(6, 8)
        self.text = nn.Linear(3, 3).requires_grad_(False)
        self.dropout = nn.Dropout(dropout)
        branch = dict(bnneck=False, losses=dict(id=dict(type='CrossEntropy')))
        self.build_branches(dict(points=branch), dict(points=8), ('points',))

    def state_dict(self, *args: Any, **kwargs: Any) -> dict:
        """Leave the text tower out."""
        state = super().state_dict(*args, **kwargs)
        for key in [key for key in state if '.text.' in f'.{key}']:
            del state[key]
        return state

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Map points (B, 6) to features (B, 8)."""
        return dict(points=self.dropout(self.backbone(images)))


@METRICS.register_module()
class ToyMetric(BaseMetric):
    """Mean of the features: any change of the weights shows."""

    default_prefix = 'reid'

    def process(self, data_batch: Any, data_samples: list[dict]) -> None:
        """Keep the features."""
        self.results += [sample['feature'].double().abs().mean().item() for sample in data_samples]

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """Average them."""
        return {'mAP': 100 * float(np.mean(results)), 'R-1': 50.0}


def toy_config(work_dir: Any, **changes: Any) -> Config:
    """A whole config over the toys; ``changes`` are dotted options, with ``__`` for the dots."""
    loader = dict(
        batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True), dataset=dict(type='ToyPoints')
    )
    test_loader = dict(
        loader, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(type='ToyPoints', test_mode=True)
    )
    cfg = Config(
        dict(
            default_scope='next_mm',
            work_dir=str(work_dir),
            model=dict(type='ToyReID'),
            train_dataloader=loader,
            val_dataloader=test_loader,
            test_dataloader=test_loader,
            val_evaluator=dict(type='ToyMetric'),
            test_evaluator=dict(type='ToyMetric'),
            train_cfg=dict(by_epoch=True, max_epochs=3, val_interval=1),
            val_cfg=dict(),
            test_cfg=dict(),
            optim_wrapper=dict(
                type='OptimWrapper',
                constructor='ReIDOptimWrapperConstructor',
                optimizer=dict(type='Adam', lr=0.01),
                paramwise_cfg=dict(groups=dict(backbone=dict(lr=0.001))),
            ),
            param_scheduler=[
                dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
                dict(type='CosineAnnealingLR', eta_min=0.0, begin=1, end=3, by_epoch=True, convert_to_iter_based=True),
            ],
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', interval=1, max_keep_ckpts=2, save_best='reid/mAP', rule='greater'
                )
            ),
            custom_hooks=[dict(type='EpochSeedHook'), dict(type='ReportHook')],
            visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
            randomness=dict(seed=3),
        )
    )
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in changes.items()})
    return cfg


def make_samples(labels: list[int], subsets: int = 3, **fields: torch.Tensor) -> dict:
    """A raw batch as the data loader gives it: random pictures, random captions of 5 to 9 tokens."""
    generator = torch.Generator().manual_seed(len(labels) + subsets)
    data: dict = {'inputs': [], 'data_samples': []}
    for index, label in enumerate(labels):
        data['inputs'].append(torch.randint(0, 256, (3, 3, 32, 16), dtype=torch.uint8, generator=generator))
        sample = ReIDDataSample(metainfo={'sample_idx': index, 'name': f'{index:06d}.jpg', 'camera': index % 2})
        sample.label = label
        sample.present = torch.ones(3, dtype=torch.bool)
        sample.has_text = torch.ones(3, dtype=torch.bool)
        sample.tokens = torch.zeros(subsets, 3, 77, dtype=torch.int32)
        sample.lengths = torch.zeros(subsets, 3, dtype=torch.int64)
        for number, row in enumerate(sample.tokens.flatten(0, 1)):
            length = int(torch.randint(3, 8, (), generator=generator))
            sample.lengths.view(-1)[number] = length + 2
            row[0], row[length + 1] = 49406, 49407
            row[1 : length + 1] = torch.randint(1, 40000, (length,), generator=generator)
        for name, value in fields.items():
            sample.set_data({name: value[index]})
        data['data_samples'].append(sample)
    return data
