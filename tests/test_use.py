"""The programs that README.md, docs/use.md and docs/deploy.md show run as they stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from next_mm.apis.inference import load_bundle, write_pack
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.datasets.trees import write_picture

DOCS = Path(__file__).parents[1] / 'docs'
README = DOCS.parent / 'README.md'


@pytest.mark.parametrize(
    ('page', 'count', 'expected'),
    [
        (README, 1, ["Entry(id='seen', identity=None, camera='gate 3'"]),
        (DOCS / 'use.md', 2, ['(2, 96)', "['first', 'd.jpg']"]),
    ],
    ids=['README', 'use'],
)
def test_the_programs_of_a_page_run(
    run_dir: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    page: Path,
    count: int,
    expected: list[str],
) -> None:
    write_pack(load_bundle(run_dir), tmp_path / 'work_dirs' / 'model')
    for name in 'abcd':
        write_picture(tmp_path / f'{name}.jpg')
    monkeypatch.chdir(tmp_path)
    programs = re.findall(r'```py\n(.*?)```', page.read_text(encoding='utf-8'), re.DOTALL)
    assert len(programs) == count
    names: dict[str, object] = {}
    for program in programs:
        exec(compile(program, str(page), 'exec'), names)
    printed = capsys.readouterr().out
    assert all(text in printed for text in expected)


def ray_in_this_process() -> dict[str, ModuleType]:
    """Ray's interface as far as the document uses it, without processes."""

    class Actor:
        def __init__(self, kind: type) -> None:
            self.instance = kind()

        def __getattr__(self, name: str) -> SimpleNamespace:
            return SimpleNamespace(remote=getattr(self.instance, name))

    class Pool:
        def __init__(self, actors: list[Actor]) -> None:
            self.actors = actors

        def map_unordered(self, call: Callable, values: Iterable) -> Iterator[Any]:
            return (call(self.actors[number % len(self.actors)], value) for number, value in enumerate(values))

    ray, util = ModuleType('ray'), ModuleType('ray.util')
    vars(ray)['remote'] = lambda **options: lambda kind: SimpleNamespace(remote=lambda: Actor(kind))
    util.ActorPool = Pool  # type: ignore[attr-defined]
    return {'ray': ray, 'ray.util': util}


def test_the_recipe_for_ray_writes_all_files(
    run_dir: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_pack(load_bundle(run_dir), tmp_path / 'work_dirs' / 'model')
    lines = ['split,identity,rgb,name']
    for number in range(5):
        write_picture(tmp_path / 'data' / 'own' / 'rgb' / f'{number}.jpg')
        lines.append(f'test,{number},rgb/{number}.jpg,{number}')
    (tmp_path / 'data' / 'own' / 'list.csv').write_text('\n'.join(lines) + '\n')
    monkeypatch.chdir(tmp_path)
    for name, module in ray_in_this_process().items():
        monkeypatch.setitem(sys.modules, name, module)
    (recipe,) = re.findall(r'```py\n(.*?)```', (DOCS / 'deploy.md').read_text(encoding='utf-8'), re.DOTALL)
    assert len([line for line in recipe.splitlines() if line]) <= 25
    exec(compile(recipe.replace('10_000', '2'), 'docs/deploy.md', 'exec'), {})
    found = sorted(path.name for path in (tmp_path / 'work_dirs' / 'features').iterdir())
    assert found == [f'features-{number:06d}.safetensors' for number in range(3)]
