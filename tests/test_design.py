"""The drawing in docs/design.md is the package: imports go down its floors, and a method's parts are its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'next_mm'
SOURCES = sorted(PACKAGE.rglob('*.py'))
METHODS = sorted(path.name for path in (PACKAGE / 'methods').iterdir() if (path / '__init__.py').is_file())


def read_floors() -> dict[str, int]:
    """Room to floor, 0 at the top, from the first drawing of the document."""
    drawing = re.search(r'```text\n(.*?)```', (ROOT / 'docs/design.md').read_text(encoding='utf-8'), re.DOTALL)[1]
    floors = drawing.split(re.search(r'-{20,}\n', drawing)[0])
    rooms = {path.stem for path in PACKAGE.iterdir()} | {'tools'}
    return {
        word: number
        for number, floor in enumerate(floors)
        for word in re.findall(r'(?:^| {3,})(\w+) {3,}\S', floor, re.MULTILINE)
        if word in rooms
    }


FLOORS = read_floors()


def imports(path: Path) -> Iterator[str]:
    """Modules of the package that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith('next_mm.'))
        elif isinstance(node, ast.ImportFrom) and node.module == 'next_mm':
            yield from (f'next_mm.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or '').startswith('next_mm.'):
            yield node.module


def room(path: Path) -> str:
    """The folder or module of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


def test_every_room_is_on_a_floor() -> None:
    rooms = {room(path) for path in SOURCES} - {'__init__'}
    assert rooms | {'tools'} == FLOORS.keys()


@pytest.mark.parametrize('name', sorted(FLOORS.keys() - {'tools'}))
def test_imports_go_down(name: str) -> None:
    wrong = [
        f'{path.relative_to(ROOT)}: {module}'
        for path in SOURCES
        if room(path) == name
        for module in imports(path)
        if (other := module.split('.')[1]) in FLOORS and other != name and FLOORS[other] <= FLOORS[name]
    ]
    assert not wrong


def test_a_methods_parts_are_its_own() -> None:
    """Methods do not import one another, and nobody imports a module of theirs."""
    wrong = []
    for path in SOURCES:
        own = path.relative_to(PACKAGE).parts[:2]
        for module in imports(path):
            parts = module.split('.')[1:]
            if parts[0] == 'methods' and len(parts) > 1 and own != ('methods', parts[1]):
                wrong.append(f'{path.relative_to(ROOT)}: {module}')
    assert not wrong


def test_nobody_names_a_methods_parts() -> None:
    """Their registered classes stand neither in code nor in a message; docstrings may give examples."""
    classes = {
        node.name
        for path in SOURCES
        if room(path) == 'methods'
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.ClassDef) and any('register_module' in ast.unparse(by) for by in node.decorator_list)
    }
    assert {'NEXTReID', 'TMSE', 'BaselineReID'} <= classes
    wrong = []
    for path in SOURCES:
        if room(path) == 'methods':
            continue
        tree = ast.parse(path.read_text(encoding='utf-8'))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                named = classes & set(re.findall(r'\w+', node.value))
            else:
                named = classes & {getattr(node, 'id', None), getattr(node, 'attr', None)}
            wrong += [f'{path.relative_to(ROOT)}:{node.lineno}: {name}' for name in sorted(named)]
    assert not wrong
