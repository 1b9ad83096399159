"""The documentation builds as a site: every link leads somewhere, and nothing is fetched from outside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FETCHED = re.compile(r'<(?:link|script|img|iframe|source)\b[^>]*?(?:href|src)="(?:https?:)?//', re.IGNORECASE)

pytestmark = pytest.mark.extra('furo', 'myst_parser', 'sphinx', 'sphinx_copybutton')


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning, such as a link to nowhere, is an error."""
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'sphinx', '-W', '--keep-going', '-q', '-d', str(folder / 'trees')]
    done = subprocess.run([*command, 'docs', str(folder / 'html')], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / 'html'


def test_every_document_is_a_page(site: Path) -> None:
    for path in (ROOT / 'docs').glob('*.md'):
        assert (site / f'{path.stem}.html').is_file()
    for path in (ROOT / 'next_mm' / 'methods').glob('*/README.md'):
        assert 'class="py class"' in (site / 'pages' / f'method_{path.parent.name}.html').read_text(encoding='utf-8')


def test_the_reference_comes_from_the_docstrings(site: Path) -> None:
    page = (site / 'api' / 'inference.html').read_text(encoding='utf-8')
    assert 'id="next_mm.apis.ReIDInferencer"' in page
    assert 'threads that read and decode pictures' in page


def test_pages_and_search_fetch_nothing_from_outside(site: Path) -> None:
    pages = sorted(site.rglob('*.html'))
    assert len(pages) > 30
    for page in pages:
        assert FETCHED.search(page.read_text(encoding='utf-8')) is None, page
    for sheet in site.rglob('*.css'):
        assert re.search(r'url\(["\']?(?:https?:)?//|@import', sheet.read_text(encoding='utf-8')) is None, sheet
    assert 'api/gallery' in (site / 'searchindex.js').read_text(encoding='utf-8')  # a script: works from a folder, too
