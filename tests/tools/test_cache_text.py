import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from next_mm.apis.caption_features import list_captions, sentence_subsets
from next_mm.models.text import CachedText
from next_mm.models.text.embedding_file import list_files
from next_mm.registry import DATASETS, MODELS
from tests.datasets.trees import make_rgbnt201

CONFIG = """
_base_ = [{base!r}]
model = dict(backbone=dict(model_name={clip!r}, pretrained=None, image_size=(32, 16)),
             text=dict(model_name={clip!r}, pretrained=None), head=dict(num_heads=4), num_classes=3)
train_dataloader = dict(dataset=dict(data_root={root!r}))
val_dataloader = dict(dataset=dict(data_root={root!r}))
test_dataloader = dict(dataset=dict(data_root={root!r}))
"""


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('cache_text', Path(__file__).parents[2] / 'tools' / 'cache_text.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path: Path, repo_dir: Path, tiny_clip: str) -> Path:
    make_rgbnt201(tmp_path / 'data')
    path = tmp_path / 'config.py'
    path.write_text(
        CONFIG.format(base=str(repo_dir / 'configs/next_rgbnt201.py'), clip=tiny_clip, root=str(tmp_path / 'data'))
    )
    return path


def run(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, 'argv', ['cache_text.py', *map(str, arguments)])
    torch.manual_seed(0)  # the same random text tower each time
    tool.main()


def test_testing_and_training_need_no_tower(tool: ModuleType, config: Path, monkeypatch, capsys, tmp_path: Path):
    from next_mm import apis

    run(tool, monkeypatch, config, '--train')
    out = tmp_path / 'data' / 'caption_features'
    assert str(out) in capsys.readouterr().out
    cfg = apis.load_config(
        config, {'model.text._delete_': True, 'model.text.type': 'CachedText', 'model.text.path': str(out)}
    )
    cached = MODELS.build(cfg.model.text)
    for loader in (cfg.test_dataloader, cfg.train_dataloader):
        dataset = DATASETS.build(loader.dataset)
        for sample in itertools.chain.from_iterable([dataset[i] for i in range(len(dataset))] for _ in range(3)):
            tokens = torch.as_tensor(sample['data_samples'].tokens)
            assert cached(tokens).shape[-1] == cached.out_dim  # an unknown caption is an error


def test_mirrored_captions_are_there_too(config: Path, tmp_path: Path):
    from next_mm import apis

    for path in (tmp_path / 'data' / 'text').glob('train_*.json'):
        captions = [
            dict(entry, description='The man on the left walks. A Right turn.')
            for entry in json.loads(path.read_text())
        ]
        path.write_text(json.dumps(captions))
    cfg = apis.load_config(config)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    known = {tokens.tobytes() for three in list_captions(dataset) for tokens in three}
    drawn = {
        tokens.tobytes()
        for _ in range(8)
        for i in range(len(dataset))
        for tokens in dataset[i]['data_samples'].tokens.reshape(-1, 77)
    }
    assert len(drawn) > 4  # of 3 subsets, told in two ways
    assert drawn <= known


def test_in_a_process_of_its_own(config: Path, repo_dir: Path):
    """Nothing but the tool itself says in which registries the config's types are."""
    ended = subprocess.run(
        [sys.executable, 'tools/cache_text.py', str(config)], cwd=repo_dir, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert 'texts, ' in ended.stdout


def test_goes_on_and_finds_nothing_new(tool: ModuleType, config: Path, monkeypatch, capsys, tmp_path: Path):
    run(tool, monkeypatch, config, '--out', tmp_path / 'features')
    first = list_files(tmp_path / 'features')
    run(tool, monkeypatch, config, '--out', tmp_path / 'features')
    assert ', 0 of them new' in capsys.readouterr().out
    assert list_files(tmp_path / 'features') == first
    run(tool, monkeypatch, config, '--train', '--out', tmp_path / 'features')  # adds the training captions
    assert len(list_files(tmp_path / 'features')) == 2
    CachedText(path=str(tmp_path / 'features'))


def test_all_subsets():
    found = set(sentence_subsets(('a', 'b', 'c'), whole=False))
    assert found == {('a',), ('b',), ('c',), ('a', 'b'), ('a', 'c'), ('b', 'c'), ('a', 'b', 'c')}
    assert list(sentence_subsets(('a', 'b', 'c'), whole=True)) == [('a', 'b', 'c')]


def test_too_many_are_refused_before_work_is_done(tool: ModuleType, config: Path, monkeypatch):
    with pytest.raises(SystemExit, match='more than 5 texts: raise --max-captions'):
        run(tool, monkeypatch, config, '--train', '--max-captions', '5')


def test_without_a_tower_there_is_nothing_to_encode_with(tool: ModuleType, config: Path, monkeypatch):
    with pytest.raises(SystemExit, match='error: model.text=None: expected CLIPText'):
        run(tool, monkeypatch, config, '--cfg-options', 'model.text=None')
