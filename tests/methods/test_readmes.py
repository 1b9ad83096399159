"""Every rival has its README and its configs: what a user looks for is there, with the published figures."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from next_mm.apis.conversion import list_convertible
from next_mm.apis.zoo import Method, list_methods

ROOT = Path(__file__).parents[2]
RIVALS = [method for method in list_methods() if method.name not in ('baseline', 'next')]
every_rival = pytest.mark.parametrize('method', RIVALS, ids=lambda method: method.name)


def test_every_system_of_the_tables_is_here() -> None:
    assert len(RIVALS) == 21
    assert set(list_convertible()) == {method.name for method in RIVALS}


@every_rival
def test_the_readme_has_what_a_user_looks_for(method: Method) -> None:
    text = (ROOT / 'next_mm' / 'methods' / method.name / 'README.md').read_text()
    assert len(text.splitlines()) < 70  # about a page
    for wanted in (
        method.paper,
        'https://github.com/',
        'Nothing was trained on',
        'issing',
        f'python tools/train.py configs/{method.name}/',
        f'python tools/convert_checkpoint.py {method.name} ',
        *(f'{figures["mAP"]:.1f} / {figures["R-1"]:.1f}' for figures in method.published.values()),
    ):
        assert wanted in text, wanted
    maps = importlib.import_module(f'next_mm.methods.{method.name}.convert').KEY_MAPS
    assert all(name.partition('-')[0] in text for name in maps if len(maps) > 1)


@every_rival
def test_there_is_a_config_for_each_published_figure(method: Method) -> None:
    folder = ROOT / 'configs' / method.name
    for dataset, figures in method.published.items():
        text = (folder / f'{method.name}_{dataset}.py').read_text()
        assert f'published mAP and R-1 {figures["mAP"]:.1f} and {figures["R-1"]:.1f}.' in text
    assert (folder / f'{method.name}_synthetic.py').is_file()
    assert list(folder.glob('*_authors.py'))


@every_rival
def test_a_recipe_of_the_authors_is_one_of_a_config_beside_it(method: Method) -> None:
    for leaf in (ROOT / 'configs' / method.name).glob('*_authors.py'):
        plain = leaf.with_name(leaf.name.replace('_authors', ''))
        assert f"_base_ = ['{plain.stem}" in leaf.read_text()
