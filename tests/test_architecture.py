"""The drawing in docs/design.md is the package: imports go down its floors, and a method's parts are its own."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'next_mm'

LIGHT = ('captions', 'captioning', 'layouts', 'triplet', 'errors')
"""Rooms that load no torch."""


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


@cache
def modules() -> dict[str, Path]:
    """Module name to file."""
    found = {}
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        found['.'.join(parts[:-1] if parts[-1] == '__init__' else parts)] = path
    return found


@cache
def imports(path: Path, *, late: bool = True) -> set[str]:
    """The modules of the package that a file names in imports; those inside functions only with ``late``."""
    names = set()
    tree = ast.parse(path.read_text(encoding='utf-8'))
    nodes = ast.walk(tree) if late else _at_import(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith('next_mm'):
            names |= {node.module, *(f'{node.module}.{alias.name}' for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith('next_mm')}
    return names


def _at_import(tree: ast.Module) -> list[ast.AST]:
    """Nodes that run when the module is imported."""
    nodes: list[ast.AST] = []
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        nodes.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING':
            continue
        todo.extend(ast.iter_child_nodes(node))
    return nodes


def room(module: str) -> str:
    """The folder or module of the package that a module belongs to."""
    return module.split('.')[1] if '.' in module else ''


def test_every_room_is_on_a_floor() -> None:
    assert {room(name) for name in modules()} - {''} | {'tools'} == FLOORS.keys()


@pytest.mark.parametrize('name', sorted(FLOORS.keys() - {'tools'}))
def test_imports_go_down(name: str) -> None:
    wrong = [
        f'{module} -> {target}'
        for module, path in modules().items()
        if room(module) == name
        for target in imports(path)
        if (other := room(target)) in FLOORS and other != name and FLOORS[other] <= FLOORS[name]
    ]
    assert not wrong


def test_there_is_no_circle() -> None:
    known = modules()
    graph = {name: imports(path, late=False) & known.keys() - {name} for name, path in known.items()}
    state: dict[str, int] = {}

    def visit(name: str, trail: list[str]) -> list[str] | None:
        if state.get(name) == 2:
            return None
        if state.get(name) == 1:
            return trail[trail.index(name) :] + [name]
        state[name] = 1
        for target in sorted(graph[name]):
            if name.startswith(target + '.'):
                continue  # a package's face imports what lies in it
            circle = visit(target, [*trail, name])
            if circle:
                return circle
        state[name] = 2
        return None

    for name in graph:
        circle = visit(name, [])
        assert circle is None, ' -> '.join(circle or [])


def method_names() -> dict[str, str]:
    """Words that name a part of a method, to the method: its classes, and its folder as an import."""
    words = {}
    for folder in sorted((PACKAGE / 'methods').iterdir()):
        if not (folder / 'model.py').is_file():
            continue
        words[f'next_mm.methods.{folder.name}'] = folder.name
        for path in folder.rglob('*.py'):
            for node in ast.parse(path.read_text(encoding='utf-8')).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith('_') and len(node.name) > 3:
                    words[node.name] = folder.name
    return words


def test_nobody_outside_a_method_names_a_part_of_it() -> None:
    words = method_names()
    pattern = re.compile(r'(?<![\w.])(' + '|'.join(map(re.escape, sorted(words, key=len, reverse=True))) + r')(?!\w)')
    found = []
    for name, path in modules().items():
        own = name.split('.')[2] if name.startswith('next_mm.methods.') else ''
        tree = ast.parse(path.read_text(encoding='utf-8'))
        foreign = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and not (node.module or '').startswith('next_mm')
            for alias in node.names
        }
        code = '\n'.join(ast.unparse(node) for node in tree.body if not _is_docstring(node))
        for match in pattern.finditer(_without_docstrings(code)):
            word = match.group(1)
            if words[word] != own and name != 'next_mm.methods' and word not in foreign:
                found.append(f'{name}: {word} of {words[word]}')
    assert sorted(set(found)) == []


def test_nobody_imports_a_module_of_a_method() -> None:
    """Not even another method does."""
    wrong = [
        f'{name}: {target}'
        for name, path in modules().items()
        for target in imports(path)
        if target.startswith('next_mm.methods.') and name.split('.')[:3] != target.split('.')[:3]
    ]
    assert not wrong


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_docstrings(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, 'body', None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


@pytest.mark.parametrize('name', LIGHT)
def test_light_rooms_load_no_torch(name: str) -> None:
    known = modules()
    todo = [module for module in known if room(module) == name]
    seen: set[str] = set()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        tree = ast.parse(known[module].read_text(encoding='utf-8'))
        heavy = [
            ast.unparse(node)
            for node in _at_import(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            and re.match(r'(import|from) (torch|mmengine\.(model|runner|dataset)|open_clip|timm)\b', ast.unparse(node))
        ]
        assert heavy == [], module
        for target in imports(known[module], late=False) & known.keys():
            parts = target.split('.')
            todo += ['.'.join(parts[:size]) for size in range(1, len(parts) + 1)]
