"""The method of one's own in CONTRIBUTING.md: its two files train, test, are counted and drawn."""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from next_mm.engine import read_checkpoint
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.datasets.trees import make_rgbnt201

ROOT = Path(__file__).parents[1]
SECTION = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8').partition('## Add a method')[2].partition('\n## ')[0]
CONFIG = 'two_views_rgbnt201.py'


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the two files, on the path of Python, and a small RGBNT201."""
    folder = tmp_path_factory.mktemp('own')
    for name, text in re.findall(r'```python\n# (\S+\.py)\n(.*?)```', SECTION, re.DOTALL):
        (folder / name).write_text(text.replace('{configs}', str(ROOT / 'configs')))
    make_rgbnt201(folder / 'data')
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.chdir(ROOT)
        yield folder


def options(folder: Path, tiny_clip: str) -> list[str]:
    loaders = [f'{loop}_dataloader' for loop in ('train', 'val', 'test')]
    return [
        'model.num_classes=None',
        f'model.backbone.model_name={tiny_clip}',
        'model.backbone.pretrained=None',
        'model.backbone.image_size=(32,16)',
        'train_cfg.max_epochs=1',
        'train_dataloader.batch_size=4',
        'train_dataloader.batch_sampler.num_instances=2',
        'default_hooks.logger.interval=1',
        *(f'{loader}.dataset.data_root={folder / "data"}' for loader in loaders),
        *(f'{loader}.dataset.pipeline.1.size=(32,16)' for loader in loaders),
        *(f'{loader}.num_workers=0' for loader in loaders),
        *(f'{loader}.persistent_workers=False' for loader in loaders),
    ]


def call(tool: str, *words: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [tool, *map(str, words)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')


@pytest.fixture(scope='module')
def run(files: Path, tiny_clip: str) -> Path:
    """Work directory of its training."""
    call('train.py', files / CONFIG, '--work-dir', files / 'run', '--cfg-options', *options(files, tiny_clip))
    return files / 'run'


def test_the_method_is_short() -> None:
    ((method, text), (config, _)) = re.findall(r'```python\n# (\S+\.py)\n(.*?)```', SECTION, re.DOTALL)
    assert (method, config) == ('two_views.py', CONFIG) and len(text.splitlines()) <= 60
    for tool in re.findall(r'^python (tools/\S+)', SECTION, re.MULTILINE):
        assert (ROOT / tool).is_file()


def test_both_branches_and_its_own_loss_are_trained(run: Path) -> None:
    lines = [json.loads(line) for path in run.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    logged = {key for line in lines for key in line}
    assert {
        'shared.loss_id',
        'shared.loss_triplet',
        'private.loss_id',
        'private.loss_triplet',
        'loss_agreement',
    } <= logged
    first = next(line for line in lines if 'loss' in line)
    losses = [value for key, value in first.items() if 'loss_' in key]
    assert first['loss'] == pytest.approx(sum(losses), rel=1e-4)
    weights = read_checkpoint(run / 'epoch_1.pth')['state_dict']
    assert weights['branches.shared.classifier.weight'].shape == (3, 32)
    assert weights['branches.private.classifier.weight'].shape == (3, 96)


def test_it_is_tested(run: Path, files: Path, tiny_clip: str) -> None:
    out = files / 'result.json'
    words = ['--work-dir', files / 'test', '--out', out, '--cfg-options', *options(files, tiny_clip)]
    call('test.py', files / CONFIG, run / 'epoch_1.pth', *words)
    trained = json.loads((run / 'metrics.json').read_text())[-1]
    assert json.loads(out.read_text())['metrics'] == {key: value for key, value in trained.items() if key != 'epoch'}


def test_it_is_counted(files: Path, tiny_clip: str, capsys: pytest.CaptureFixture[str]) -> None:
    call('model_complexity.py', files / CONFIG, '--cfg-options', *options(files, tiny_clip))
    table = capsys.readouterr().out
    assert '│ visual encoder ' in table and '│ BNNeck, classifier ' in table and '│ sum ' in table


@pytest.mark.parametrize('tool', ['tsne', 'distances'])
def test_it_is_drawn(run: Path, tmp_path: Path, tool: str) -> None:
    call(f'analysis/{tool}.py', run, '--out-dir', tmp_path)
    assert len(list(tmp_path.rglob(f'{tool}.png'))) == 1


def test_its_rank_lists_are_drawn_and_missing_modalities_are_tested(run: Path, tmp_path: Path) -> None:
    call('analysis/rank_list.py', run, '--queries', 2, '--out-dir', tmp_path)
    assert len(list(tmp_path.glob('*/rank_list_*.png'))) == 2
    call('missing_modalities.py', run, '--out-dir', tmp_path)
    (table,) = tmp_path.rglob('missing_modalities.md')
    assert 'NIR and TIR' in table.read_text()


def test_it_keeps_the_contract(run: Path) -> None:
    model = MODELS.build(Config.fromfile(str(run / CONFIG)).model).eval()
    images = torch.randn(2, 3, 3, 32, 16)
    present = torch.tensor([[True, False, True]] * 2)
    other = torch.where(present[:, :, None, None, None], images, 9.0)
    found = model.feature(images, TripletBatch(present=present))
    assert torch.equal(found, model.feature(other, TripletBatch(present=present)))
    assert (found[:, model.feature_modalities() == 1] == 0).all()
