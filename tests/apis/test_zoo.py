"""The metafiles of the methods."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from next_mm.apis import zoo
from next_mm.apis.zoo import find_leaf, get_model, list_methods, read_method
from next_mm.errors import ConfigError

GOOD = """
name: toy
title: Toy
paper: https://example.org
venue: CVPR 2020
input: [pictures]
published:
  msvr310: {mAP: 1.5, R-1: 2.5}
"""


def test_methods_with_a_folder_have_a_metafile(repo_dir: Path) -> None:
    listed = {method.name for method in list_methods()}
    assert {'baseline', 'next', 'bot', 'ccnet'} <= listed
    for name in listed:
        assert (repo_dir / 'next_mm' / 'methods' / name / 'metafile.yml').is_file()


def test_a_metafile_is_read() -> None:
    method = read_method(GOOD)
    assert method.title == 'Toy'
    assert method.published == {'msvr310': {'mAP': 1.5, 'R-1': 2.5}}


@pytest.mark.parametrize(
    'old, new, message',
    [
        ('venue: CVPR 2020\n', '', 'expected the keys'),
        ('venue', 'vennue', 'vennue'),
        ('[pictures]', '[sound]', "'sound'"),
        ('msvr310', 'market1501', "'market1501'"),
        ('R-1', 'rank1', 'expected mAP and R-1'),
    ],
)
def test_a_wrong_metafile_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_method(GOOD.replace(old, new))


def test_a_method_is_built_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo_dir: Path) -> None:
    monkeypatch.chdir(repo_dir)
    model = get_model('osnet')
    assert (model.num_classes, model.image_size, model.feature_dim) == (171, (256, 128), 1536)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, tmp_path / 'osnet.pth')
    again = get_model('osnet', pretrained=tmp_path / 'osnet.pth')
    key = 'networks.tir.fc.0.weight'
    assert torch.equal(again.state_dict()[key], model.state_dict()[key])


@pytest.mark.parametrize(('key', 'named'), [('text.tower.ln_final.weight', None), ('summary.words', 'openai')])
def test_a_text_tower_that_a_checkpoint_does_not_hold_is_the_configs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo_dir: Path, key: str, named: str | None
) -> None:
    monkeypatch.chdir(repo_dir)
    monkeypatch.setattr(zoo, 'build_model', lambda cfg, checkpoint: cfg.model)
    torch.save({'state_dict': {key: torch.zeros(1)}, 'meta': {}}, tmp_path / 'idea.pth')
    config = get_model('idea', pretrained=tmp_path / 'idea.pth')
    assert (config.text.pretrained, config.backbone.pretrained) == (named, None)
    assert get_model('idea').text.pretrained is None


def test_costs_are_read_where_table_viii_has_them() -> None:
    method = read_method(GOOD + 'cost: {params M: 98.8, G MACs: 35.1}')
    assert method.cost == {'params M': 98.8, 'G MACs': 35.1} and read_method(GOOD).cost == {}
    with pytest.raises(ConfigError, match='cost: expected params M and G MACs'):
        read_method(GOOD + 'cost: {params: 98.8}')
    assert {method.name for method in list_methods() if method.cost} == {
        *('demo', 'editor', 'icpl', 'idea', 'mambapro', 'next', 'promptma', 'topreid')
    }


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, repo_dir: Path) -> None:
    monkeypatch.chdir(repo_dir)
    with pytest.raises(ConfigError, match="'osnett' is no method; did you mean 'osnet'"):
        find_leaf('osnett')
    with pytest.raises(ConfigError, match="bot has no config for 'rgbnt201'"):
        find_leaf('bot', 'rgbnt201')
    assert find_leaf('bot').name == 'bot_msvr310.py'
    assert find_leaf('next', 'synthetic').name == 'next_synthetic.py'
