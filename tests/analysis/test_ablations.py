"""Every ablation leaf is a whole config that differs from the full model in what its row says, builds, and takes a training step."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner

from next_mm.analysis.studies import TITLES, digest_config, list_studies, load_row
from next_mm.analysis.study_cost import row_costs
from next_mm.registry import MODELS
from projects.synthetic.dataset import write_dataset

ROOT = Path(__file__).parents[2]
LEAVES = [path for paths in list_studies(ROOT / 'configs' / 'ablations').values() for path in paths]
AS_NEXT = {
    'table4_d',
    'table5_d',
    'table6_d',
    'table7_d',
    'table8_b',
    'fig6_p75',
    'fig8_c3',
    'fig8_t3',
    'missing_c_all',
}


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered triplets of a few identities, with the captions of a second source beside the first."""
    root = tmp_path_factory.mktemp('synthetic') / 'RGBNT201'
    write_dataset(root, train_identities=2, test_identities=2, triplets=2, seed=0)
    shutil.copytree(root / 'text', root / 'text_idea')
    return root


def load_small(path: Path, data_root: Path):
    options = {f'{part}_dataloader.dataset.data_root': str(data_root) for part in ('train', 'val', 'test')}
    options |= {
        'train_dataloader.batch_size': 4,
        'train_dataloader.batch_sampler.num_instances': 2,
        'model.head.num_classes': 2,
        'model.backbone.pretrained': None,
    }
    cfg = load_row(path, 'synthetic', options).resolved
    if cfg.model.get('text'):
        cfg.model.text.pretrained = None
    return cfg


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_leaf_takes_a_training_step(path: Path, data_root: Path) -> None:
    cfg = load_small(path, data_root)
    model = MODELS.build(cfg.model).train()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    before = {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    losses = model.train_step(batch, optim_wrapper)
    assert torch.isfinite(losses['loss'])
    assert any(not torch.equal(before[name], value) for name, value in model.named_parameters() if name in before)


def test_the_rows_that_are_next_are_next() -> None:
    digests = {path.stem: load_row(path, 'synthetic').digest for path in LEAVES}
    assert {name for name, digest in digests.items() if digest == digests['table4_d']} == AS_NEXT
    others = [digest for name, digest in digests.items() if name not in AS_NEXT]
    assert len(set(others)) == len(others)  # no two rows train the same by mistake


@pytest.mark.parametrize('path', [path for path in LEAVES if 'fig8_t' in path.stem], ids=lambda path: path.stem)
def test_every_semantic_expert_has_its_caption_subset(path: Path) -> None:
    cfg = load_row(path, 'rgbnt201').resolved
    (sampling,) = [step for step in cfg.train_dataloader.dataset.pipeline if step['type'] == 'SampleSentences']
    assert sampling['num_subsets'] == cfg.model.neck.semantic.num_experts == int(path.stem[-1])


def test_rows_fit_the_real_datasets() -> None:
    for dataset, size in (('rgbnt201', (256, 128)), ('msvr310', (128, 256))):
        row = load_row(ROOT / 'configs/ablations/table4_a.py', dataset)
        assert tuple(row.resolved.model.backbone.image_size) == size and row.paper[dataset]['mAP'] > 50
        assert digest_config(row.resolved) == row.digest


def test_every_title_has_a_study() -> None:
    assert set(TITLES) <= set(list_studies(ROOT / 'configs' / 'ablations'))


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_leaf_opens_with_its_command(path: Path) -> None:
    study, row = path.stem.split('_', 1)
    assert f'python tools/run_study.py {study} --rows {row} ' in path.read_text()


def test_costs_are_those_of_the_row() -> None:
    rows = [load_row(ROOT / f'configs/ablations/table8_{name}.py', 'synthetic') for name in 'ab']
    without, with_text = (row_costs(rows)[row.digest] for row in rows)
    assert without['text G MACs'] == 0 < with_text['text G MACs'] < with_text['G MACs']
    trainable = sum(
        value.numel()
        for value in MODELS.build(
            {**rows[0].resolved.model, 'backbone': {**rows[0].resolved.model.backbone, 'pretrained': None}}
        ).parameters()
        if value.requires_grad
    )
    assert without['params M'] == trainable / 1e6
