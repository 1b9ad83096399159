"""The documentation as a site: ``sphinx-build -W --keep-going docs work_dirs/site``.

The pages are the Markdown files of this folder. Documents that lie elsewhere (the guide to contribute, those of the
projects and of the methods) become pages too, and links between all of them are turned to the pages.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from next_mm import __version__ as release  # noqa: E402 (autodoc reads this checkout, whatever is installed)

project = 'NEXT-MM'
author = 'The NEXT-MM authors'
project_copyright = '2026, the NEXT-MM authors'
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode', 'sphinx_copybutton']
exclude_patterns = ['README.md']
myst_enable_extensions = ['colon_fence']
myst_heading_anchors = 3
suppress_warnings = ['myst.header', 'toc.empty_glob']  # a method's page begins with bold words below its title

autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = 'furo'
html_title = f'NEXT-MM {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
copybutton_exclude = '.linenos, .gp, .go'

_LINK = re.compile(r'(?<=\]\()(?!\w+:|#)([^)\s#]+)')


def _find_pages() -> dict[Path, str]:
    """Return the documents outside this folder and the names of their pages."""
    pages = {ROOT / 'CONTRIBUTING.md': 'contributing', ROOT / 'CHANGELOG.md': 'changelog'}
    for path in sorted(ROOT.glob('projects/*/README.md')):
        pages[path] = f'project_{path.parent.name}'
    for path in sorted(ROOT.glob('next_mm/methods/*/README.md')):
        pages[path] = f'method_{path.parent.name}'
    return pages


PAGES = _find_pages()


def _turn_links(text: str, folder: Path) -> str:
    """Turn the links of a document of ``folder`` to the pages; links to other files offer the file."""

    def turn(match: re.Match[str]) -> str:
        target = (folder / match[1]).resolve()
        document = target / 'README.md' if target.is_dir() else target
        if document in PAGES:
            return f'/pages/{PAGES[document]}.md'
        if document == ROOT / 'README.md':
            return '/index.md'
        return f'/{target.relative_to(DOCS)}' if target.is_relative_to(DOCS) else f'/../{target.relative_to(ROOT)}'

    return _LINK.sub(turn, text)


def _write_pages() -> None:
    folder = DOCS / 'pages'
    folder.mkdir(exist_ok=True)
    for path, name in PAGES.items():
        text = _turn_links(path.read_text(encoding='utf-8'), path.parent)
        if name.startswith('method_'):
            text += f'\n## Reference\n\n```{{eval-rst}}\n.. automodule:: next_mm.methods.{path.parent.name}\n```\n'
        page = folder / f'{name}.md'
        if not page.is_file() or page.read_text(encoding='utf-8') != text:  # an unchanged page is not built again
            page.write_text(text, encoding='utf-8')
    for page in folder.glob('*.md'):
        if page.stem not in PAGES.values():
            page.unlink()


def _read_source(app: Sphinx, name: str, source: list[str]) -> None:
    if not name.startswith(('pages/', 'api/')):
        source[0] = _turn_links(source[0], DOCS)


def setup(app: Sphinx) -> None:
    """Write the pages of other folders, then turn the links of ours."""
    _write_pages()
    app.connect('source-read', _read_source)
