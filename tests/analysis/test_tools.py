"""The analysis tools from a checkpoint to their files, on a run of a minute's fraction."""

from __future__ import annotations

import csv
import runpy
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from next_mm import apis
from next_mm.models.clip.loading import load_clip
from projects.synthetic.dataset import write_dataset

ROOT = Path(__file__).parents[2]


def train(folder: Path, config: str, **more: object) -> Path:
    """Train a config of the synthetic data for one epoch of three steps; returns the work directory."""
    write_dataset(folder / 'RGBNT201', train_identities=3, test_identities=4, triplets=4, seed=0)
    options = {f'{part}_dataloader.dataset.data_root': str(folder / 'RGBNT201') for part in ('train', 'val', 'test')}
    options |= {
        'train_dataloader.batch_size': 4,
        'train_dataloader.batch_sampler.num_instances': 2,
        'model.num_classes': 3,
        'prepare': None,
        'train_cfg.max_epochs': 1,
        **more,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        cfg = apis.load_config(config, options)
        cfg.work_dir = str(folder / 'work')
        apis.train(cfg)
    return folder / 'work'


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work directory of the full model."""
    folder = tmp_path_factory.mktemp('run')
    clip = folder / 'clip.pt'
    torch.save(load_clip(str(ROOT / 'projects/synthetic/clip_synthetic.json'), None).state_dict(), clip)
    weights = {f'model.{part}.pretrained': str(clip) for part in ('backbone', 'text')}
    return train(folder, 'configs/next_synthetic.py', **weights)


@pytest.fixture(scope='module')
def cnn_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work directory of a convolutional network, which has no class token and no patch tokens."""
    return train(tmp_path_factory.mktemp('cnn'), 'configs/osnet/osnet_synthetic.py')


def call(tool: str, *words: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(sys, 'argv', [tool, *map(str, words)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')


@pytest.mark.parametrize(
    'tool, files',
    [
        ('tsne', ['tsne.png', 'tsne.pdf']),
        ('distances', ['distances.png', 'distances.pdf']),
        ('expert_maps', ['expert_maps.png', 'expert_maps.pdf']),
        ('expert_load', ['expert_load.png', 'expert_load.pdf', 'expert_load.md', 'expert_load.csv', 'expert_load.tex']),
    ],
)
def test_a_checkpoint_becomes_a_picture(run: Path, tmp_path: Path, tool: str, files: list[str]) -> None:
    call(f'analysis/{tool}.py', run / 'epoch_1.pth', '--out-dir', tmp_path)
    (folder,) = tmp_path.iterdir()  # named by run and checkpoint, so that others write elsewhere
    assert folder.name == 'work-epoch_1'
    assert {path.name for path in folder.iterdir()} == {*files, 'vis_data'}
    events = EventAccumulator(str(folder / 'vis_data')).Reload()
    assert events.Tags()['images'] == [tool]


@pytest.mark.parametrize('tool', sorted(path.stem for path in (ROOT / 'tools' / 'analysis').glob('*.py')))
def test_a_convolutional_network_is_drawn_or_the_tool_says_what_it_lacks(
    cnn_run: Path, tmp_path: Path, tool: str
) -> None:
    if tool.startswith('expert'):
        with pytest.raises(SystemExit, match=r'^error: OSNetReID has no .*: this is drawn of a NEXTReID') as ended:
            call(f'analysis/{tool}.py', cnn_run, '--out-dir', tmp_path)
        assert '\n' not in str(ended.value.code)
    else:
        call(f'analysis/{tool}.py', cnn_run, '--out-dir', tmp_path)
        assert list(tmp_path.glob('*/*.png'))


def test_rank_lists_of_two_models_are_one_picture(run: Path, tmp_path: Path) -> None:
    call('analysis/rank_list.py', run, run / 'epoch_1.pth', '--labels', 'a', 'b', '--queries', 2, '--out-dir', tmp_path)
    assert (
        len(list(tmp_path.glob('a-epoch_1+b-epoch_1/rank_list_*.png')))
        == len(list(tmp_path.glob('*/rank_list_*.pdf')))
        == 2
    )


def test_missing_modalities_are_a_table_of_fourteen_cases(run: Path, tmp_path: Path) -> None:
    page = tmp_path / 'page.md'
    page.write_text('<!-- begin missing-modalities -->\n<!-- end missing-modalities -->\n')
    call('missing_modalities.py', run, '--out-dir', tmp_path, '--doc', page)
    with (tmp_path / 'work-epoch_1' / 'missing_modalities.csv').open() as file:
        rows = {row['missing at test']: float(row['mAP']) for row in csv.DictReader(file)}
    fixed, gaps = list(rows)[:8], list(rows)[8:]
    assert fixed == ['nothing', 'RGB', 'NIR', 'TIR', 'RGB and NIR', 'RGB and TIR', 'NIR and TIR', 'captions']
    assert len({round(value, 6) for value in rows.values()}) > 4  # the cases are different tests
    sides = ('queries', 'gallery', 'queries and gallery')
    assert gaps == [
        f'30 % at random in {side}, {over}' for side in sides for over in ('shared parts', 'whole features')
    ]
    assert len({round(rows[f'30 % at random in {side}, shared parts'], 6) for side in sides}) > 1
    assert 'missing_modalities.py' in page.read_text() and '| NIR and TIR |' in page.read_text()


def test_a_user_error_is_one_line(run: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SystemExit, match=r'error: .*: more than one run goes by this name; give each its own with --labels'
    ):
        call('analysis/expert_load.py', run, run / 'epoch_1.pth')
    with pytest.raises(SystemExit, match='error: --labels: expected one for each of the 1 runs, got 2'):
        call('analysis/tsne.py', run, '--labels', 'a', 'b')
    with pytest.raises(SystemExit, match='error: the dataset has no sample nobody.jpg'):
        call('analysis/expert_maps.py', run, '--names', 'nobody.jpg', '--out-dir', tmp_path)
    with pytest.raises(SystemExit, match='holds no last checkpoint'):
        call('analysis/tsne.py', tmp_path)
