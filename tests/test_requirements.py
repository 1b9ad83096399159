"""The oldest versions that the workflow installs are the floors that setup.py gives."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
NO_FLOOR = {'regex', 'torchvision'}  # torch decides torchvision's


def read_floors() -> dict[str, Version]:
    """The ``>=`` of each requirement of setup.py, without those of the tests."""
    floors = {}
    for statement in ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8')).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id in ('REQUIRES', 'CAPTIONS'):
            for requirement in map(Requirement, ast.literal_eval(statement.value)):
                low = [Version(bound.version) for bound in requirement.specifier if bound.operator == '>=']
                floors[canonicalize_name(requirement.name)] = low[0] if low else None
    return floors


def read_oldest() -> dict[str, Version]:
    """The constraints file's versions."""
    lines = [
        line
        for line in (ROOT / '.github/oldest.txt').read_text(encoding='utf-8').splitlines()
        if not line.startswith('#')
    ]
    pins = (line.split('==') for line in lines)
    return {canonicalize_name(name): Version(version) for name, version in pins}


def test_every_requirement_has_a_floor_and_an_oldest_version() -> None:
    floors = read_floors()
    assert len(floors) > 15
    assert {name for name, floor in floors.items() if floor is None} == NO_FLOOR
    assert set(read_oldest()) == set(floors) - {'regex'}


@pytest.mark.parametrize('name', sorted(set(read_floors()) - NO_FLOOR))
def test_the_oldest_version_is_the_floor(name: str) -> None:
    floor, oldest = read_floors()[name], read_oldest()[name]
    shown, tested = (
        (*version.release, 0, 0)[:3] for version in (floor, oldest)
    )  # opencv-python's fourth number counts its packages
    assert tested == shown, f'{name}: setup.py allows {floor}, the workflow tests {oldest}'


def test_the_workflow_installs_them() -> None:
    assert '-c .github/oldest.txt' in (ROOT / '.github/workflows/ci.yml').read_text(encoding='utf-8')
