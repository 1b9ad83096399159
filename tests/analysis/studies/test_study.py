"""The file of a study: what it says, what it may not say, and what its rows become."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

import next_mm.apis
from next_mm.analysis.studies import StudyFile, digest_config, find_study, list_studies, load_study
from next_mm.errors import ConfigError, UserError

OWN = """
title = 'Mine'
config = '../{dataset}_leaf.py'
_changed = 2
rows = dict(
    a=dict(label='A'),
    b=dict(label='B', changes={'b': _changed}, paper=dict(real={'mAP': 1.0})),
    c=dict(label='C'),
    d=dict(label='D', config='../only_{dataset}.py'),
)
"""


@pytest.fixture
def studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one study, and two datasets' configs beside it."""

    def load_config(path: Path, options: dict) -> Config:
        config = Config.fromfile(str(path))
        config.merge_from_dict(options)
        return config

    monkeypatch.setattr(next_mm.apis, 'load_config', load_config)
    for name in ('synthetic_leaf', 'real_leaf', 'only_real'):
        (tmp_path / f'{name}.py').write_text(f"a = '{name}'\nb = 1\n")
    (tmp_path / 'studies').mkdir()
    (tmp_path / 'studies' / 'own.py').write_text(OWN)
    return tmp_path / 'studies'


def test_a_file_is_a_study(studies: Path) -> None:
    assert [(file.name, file.title, list(file.rows)) for file in list_studies(studies)] == [('own', 'Mine', [*'abcd'])]
    study = load_study(find_study('own', studies), 'real')
    assert [(row.name, row.label) for row in study.rows] == [(f'own_{name}', name.upper()) for name in 'abcd']
    assert [row.resolved.b for row in study.rows] == [1, 2, 1, 1] and study.rows[1].paper == {'real': {'mAP': 1.0}}
    assert study.rows[0].digest == study.rows[2].digest
    assert len({row.digest for row in study.rows}) == 3
    assert study.rows[3].resolved.a == 'only_real' and study.left_out == []


def test_a_study_may_lie_anywhere(studies: Path, tmp_path: Path) -> None:
    (tmp_path / 'elsewhere').mkdir()
    moved = tmp_path / 'elsewhere' / 'moved.py'
    moved.write_text(OWN)
    assert load_study(find_study(str(moved), studies), 'real', only=['b']).rows[0].name == 'moved_b'


def test_a_row_without_a_config_for_the_dataset_is_left_out_and_named(studies: Path) -> None:
    study = load_study(find_study('own', studies), 'synthetic')
    assert [row.label for row in study.rows] == ['A', 'B', 'C'] and study.left_out == ['d']
    with pytest.raises(UserError, match=r'row d: no config .*only_synthetic.py'):
        load_study(find_study('own', studies), 'synthetic', only=['d'])


def test_options_go_over_the_changes_of_every_row(studies: Path) -> None:
    study = load_study(find_study('own', studies), 'real', only=['a', 'b'], options={'b': 3})
    assert [row.resolved.b for row in study.rows] == [3, 3]


@pytest.mark.parametrize(
    'study, dataset, rows, message',
    [
        ('other', 'real', (), r"study 'other': no file .*other.py; there are: own"),
        ('own', 'moon', (), "study 'own' has no config for dataset 'moon'; there are: real, synthetic"),
        ('own', 'real', ('z',), "study 'own' has no row z; there are: a, b, c, d"),
    ],
)
def test_what_is_not_there_is_named(
    studies: Path, study: str, dataset: str, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_study(find_study(study, studies), dataset, only=rows)


@pytest.mark.parametrize(
    'text, message',
    [
        ("rows = dict(a=dict(label='A'))", 'no title'),
        ("title = 'T'\nrows = {}", 'expected rows='),
        ("title = 'T'\nrows = dict(a=dict(lable='A'))\nconfig = 'x'", 'row a: unknown lable; expected label, config'),
        ("title = 'T'\nrows = dict(a=dict(paper={}))\nconfig = 'x'", 'row a: no label'),
        ("title = 'T'\nrows = dict(a=dict(label='A'))", r'row a: expected config='),
        ("titel = 'T'\nrows = dict(a=dict(label='A'))", 'unknown titel; expected title'),
        ('title = 1 / 0', 'ended with ZeroDivisionError'),
        ('title = (', 'ended with SyntaxError'),
    ],
)
def test_a_wrong_study_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'wrong.py'
    path.write_text(text)
    with pytest.raises(ConfigError, match=f'wrong.py.*{message}'):
        StudyFile.read(path)


def test_helpers_and_work_directories_do_not_change_the_digest() -> None:
    assert digest_config(Config(dict(a=1, _row=dict(label='x'), work_dir='p'))) == digest_config(Config(dict(a=1)))
    assert digest_config(Config(dict(a=1))) != digest_config(Config(dict(a=2)))


def test_a_moved_checkout_finds_its_runs(tmp_path: Path) -> None:
    digests = []
    for folder, text in (('here', '{"width": 64}'), ('there', '{"width": 64}'), ('other', '{"width": 32}')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'clip.json').write_text(text)
        name = f'{tmp_path}/{folder}/../{folder}/clip.json'
        digests.append(digest_config(Config(dict(model=dict(parts=[dict(model_name=name)])))))
    assert digests[0] == digests[1] != digests[2]
