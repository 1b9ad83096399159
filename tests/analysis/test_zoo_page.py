"""docs/zoo.md says what the metafiles and the measurements say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from next_mm.analysis import zoo_page
from next_mm.apis import list_methods
from next_mm.apis.zoo import Method, find_leaf
from tests.methods.filling import FIXTURES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'zoo.md'
METHODS = list_methods()
COUNTED = zoo_page.read_results(PAGE)['costs']['methods']


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    page = Path(shutil.copy(PAGE, tmp_path))
    zoo_page.write_page(page, METHODS, zoo_page.read_results(PAGE))
    assert page.read_text() == PAGE.read_text(), 'run python tools/zoo_page.py'


def test_what_was_counted_and_compared_is_of_methods_that_are_here() -> None:
    results = zoo_page.read_results(PAGE)
    assert results['costs']['methods'].keys() == {method.name for method in METHODS}
    for name, cost in results['costs']['methods'].items():
        assert cost['config'] == find_leaf(name).name
    assert results['parity']['systems'].keys() == {path.name for path in FIXTURES.iterdir()}
    assert all(entry['largest'] < 1e-5 for entry in results['parity']['systems'].values())


UNUSED = {
    'topreid': 3 * 769_000 + 398_592,  # ImageNet's classifiers, an idle head
    'editor': 769_000 + 132_864,
    'promptma': 394_752,  # CLIP's projection, two class tokens
    'mambapro': 590_976 + 88_064,  # the first block's transfer net, an idle head
}
"""Trainable parameters of the authors' programs that nothing reads, as the page lists them."""


@pytest.mark.parametrize('method', [m for m in METHODS if m.cost and m.name in COUNTED], ids=lambda method: method.name)
def test_costs_are_those_of_table_viii_but_for_what_the_page_explains(method: Method) -> None:
    """The rivals are counted with attention's products there, NEXT without; norms and a scan make the rest."""
    ours = COUNTED[method.name]
    assert f'{(ours["trainable"] + UNUSED.get(method.name, 0)) / 1e6:.1f}' == f'{method.cost["params M"]:.1f}'
    counted = ours['macs'] + (0 if method.name == 'next' else ours['attention'])
    roll_out = 1.08 if method.name == 'editor' else 0
    assert 0 <= method.cost['G MACs'] - counted / 1e9 - roll_out < 0.3


def test_what_the_page_links_to_is_there() -> None:
    links = re.findall(r'\]\((\.\./[^)#]+)', PAGE.read_text())
    assert len(links) > 80
    assert not [link for link in links if not (PAGE.parent / link).exists()]


def test_lines_of_the_parity_tests_are_summed_up(tmp_path: Path) -> None:
    lines = [
        {'system': 'a', 'arrays': ['x', 'y'], 'largest': 1e-6},
        {'system': 'a', 'arrays': ['y', 'z'], 'largest': 3e-6},
        {'system': 'b', 'arrays': ['x'], 'largest': 2e-7},
    ]
    file = tmp_path / 'parity.jsonl'
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    found = zoo_page.read_parity(file)
    assert found['systems'] == {'a': {'arrays': 3, 'largest': 3e-6}, 'b': {'arrays': 1, 'largest': 2e-7}}
    assert found['date'] and 'torch' in found['machine']


def test_methods_are_counted() -> None:
    small = [method for method in METHODS if method.name == 'osnet']
    found = zoo_page.count_methods(small)['methods']['osnet']
    assert found['config'] == 'osnet_rgbnt201.py' and 2e6 < found['trainable'] < 2.3e6 and found['macs'] > 0
