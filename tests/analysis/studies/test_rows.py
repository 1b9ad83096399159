"""Every row of every study is a whole config that differs from NEXT in what it says, builds,
and takes a training step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner

from next_mm.analysis.studies import Row, digest_config, find_study, list_studies, load_study
from next_mm.analysis.studies.cost import row_costs
from next_mm.apis.zoo import list_methods
from next_mm.registry import MODELS
from projects.synthetic.dataset import write_dataset

ROOT = Path(__file__).parents[3]
STUDIES = ROOT / 'configs' / 'studies'
FILES = [file for file in list_studies(STUDIES) if file.name != 'rivals']  # its rows are the methods' own configs
ROWS = [(file.name, row) for file in FILES for row in file.rows]
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


def load_row(study: str, row: str, dataset: str, options: dict | None = None) -> Row:
    return load_study(find_study(study, STUDIES), dataset, only=[row], options=options).rows[0]


def load_small(study: str, row: str, data_root: Path) -> Config:
    options = {f'{part}_dataloader.dataset.data_root': str(data_root) for part in ('train', 'val', 'test')}
    options |= {
        'train_dataloader.batch_size': 4,
        'train_dataloader.batch_sampler.num_instances': 2,
        'model.num_classes': 2,
        'model.backbone.pretrained': None,
    }
    cfg = load_row(study, row, 'synthetic', options).resolved
    if cfg.model.get('text'):
        cfg.model.text.pretrained = None
    return cfg


def all_rows() -> Iterator[Row]:
    for file in FILES:
        yield from load_study(file, 'synthetic').rows


@pytest.mark.parametrize('study, row', ROWS)
def test_row_takes_a_training_step(study: str, row: str, data_root: Path) -> None:
    cfg = load_small(study, row, data_root)
    model = MODELS.build(cfg.model).train()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    before = {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    losses = model.train_step(batch, optim_wrapper)
    assert torch.isfinite(losses['loss'])
    assert any(not torch.equal(before[name], value) for name, value in model.named_parameters() if name in before)


def test_the_rows_that_are_next_are_next() -> None:
    digests = {row.name: row.digest for row in all_rows()}
    assert {name for name, digest in digests.items() if digest == digests['table4_d']} == AS_NEXT
    others = [digest for name, digest in digests.items() if name not in AS_NEXT]
    assert len(set(others)) == len(others)  # no two rows train the same by mistake


def test_every_method_is_a_row_with_its_published_figures() -> None:
    study = load_study(find_study('rivals', STUDIES), 'synthetic')
    rows = {row.name.removeprefix('rivals_'): row for row in study.rows}
    assert {'baseline', 'next'} <= rows.keys()
    assert {*rows, *study.left_out} == {method.name for method in list_methods()}
    assert rows['next'].label == 'NEXT' and rows['next'].paper['rgbnt201'].items() >= {'mAP': 82.4, 'R-1': 86.6}.items()
    assert rows['next'].digest == load_row('table4', 'd', 'synthetic').digest
    assert rows['baseline'].digest == load_row('table4', 'a', 'synthetic').digest


def find_step(cfg: Config, kind: str) -> dict:
    """The one transform of this kind in the training pipeline."""
    (step,) = [step for step in cfg.train_dataloader.dataset.pipeline if step['type'] == kind]
    return step


@pytest.mark.parametrize('count', range(1, 5))
def test_every_semantic_expert_has_its_caption_subset(count: int) -> None:
    cfg = load_row('fig8', f't{count}', 'rgbnt201').resolved
    assert find_step(cfg, 'SampleSentences')['num_subsets'] == cfg.model.neck.semantic.num_experts == count


@pytest.mark.parametrize('dataset', ['synthetic', 'rgbnt201', 'msvr310'])
def test_changes_by_number_reach_the_transform_they_mean(dataset: str) -> None:
    for row, prob in (('p60', 0.6), ('p75', 0.75), ('p90', 0.9)):
        assert find_step(load_row('fig6', row, dataset).resolved, 'SampleSentences')['keep_prob'] == prob
    assert find_step(load_row('missing', 'd_dropout', dataset).resolved, 'DropModalities')['prob'] == 0.2


def test_rows_fit_the_real_datasets() -> None:
    for dataset, size in (('rgbnt201', (256, 128)), ('msvr310', (128, 256))):
        row = load_row('table4', 'a', dataset)
        assert tuple(row.resolved.model.backbone.image_size) == size and row.paper[dataset]['mAP'] > 50
        assert digest_config(row.resolved) == row.digest


@pytest.mark.parametrize('path', sorted(STUDIES.glob('*.py')), ids=lambda path: path.stem)
def test_study_opens_with_its_command(path: Path) -> None:
    assert path.read_text().startswith('# ') and f'#   python tools/run_study.py {path.stem} ' in path.read_text()


def test_costs_are_those_of_the_row() -> None:
    rows = [load_row('table8', name, 'synthetic') for name in 'ab']
    without, with_text = (row_costs(rows)[row.digest] for row in rows)
    # Counting builds models with random weights; the rows are trained from the weights that they name.
    assert rows[0].resolved.model.backbone.pretrained and rows[0].digest == digest_config(rows[0].resolved)
    assert without['text G MACs'] == 0 < with_text['text G MACs'] < with_text['G MACs']
    backbone = {**rows[0].resolved.model.backbone, 'pretrained': None}
    model = MODELS.build({**rows[0].resolved.model, 'backbone': backbone})
    assert without['params M'] == sum(value.numel() for value in model.parameters() if value.requires_grad) / 1e6
