"""A tiny dataset in RGBNT201's layout, a chat server in a process of its own, a caption config for both, and what they
did.
"""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from PIL import Image

from next_mm.captioning import load_schema, parse_settings
from next_mm.captioning.context import CaptionContext, Services
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Store
from tests.captioning import light_tool

Serve = Callable[..., tuple[str, Path]]
"""Starts a chat server by plan; returns its address and the path of its log."""

ROOT = Path(__file__).parents[2]
SECRET = 'sk-test-5ecr3t-do-not-leak'


def make_dataset(root: Path, triplets: int, triplets_per_identity: int = 2) -> Path:
    """Write so many triplets of noise, three quarters of them for training."""
    for index in range(triplets):
        split = 'train_171' if index < triplets * 0.75 else 'test'
        name = f'{index // triplets_per_identity + 1:06d}_cam{index % 2 + 1}_0_{index:04d}.jpg'
        for modality in ('RGB', 'NI', 'TI'):
            folder = root / split / modality
            folder.mkdir(parents=True, exist_ok=True)
            Image.frombytes('RGB', (8, 16), random.Random(f'{index}{modality}').randbytes(384)).save(
                folder / name, quality=60
            )
    return root


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve triplets."""
    return make_dataset(tmp_path / 'RGBNT201', 12)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a chat server; returns its base URL and the path of its log."""
    processes = []

    def start(plan: dict | None = None, **options: object) -> tuple[str, Path]:
        log, plan_file = tmp_path / f'server{len(processes)}.log', tmp_path / 'plan.json'
        plan_file.write_text(json.dumps(plan or {}))
        flags = [str(word) for name, value in options.items() for word in (f'--{name.replace("_", "-")}', value)]
        process = subprocess.Popen(
            [sys.executable, '-m', 'next_mm.captioning.simulation.unruly', str(log), str(plan_file), *flags],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
        )
        processes.append(process)
        address = process.stdout.readline().split()[-1]
        return f'{address}/v1', log

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def write_config(
    folder: Path,
    data: Path,
    url: str,
    *,
    models: Sequence[str] = ('clothing-expert', 'accessory-expert'),
    name: str = 'run',
    **model: object,
) -> Path:
    """Write a caption config; every model asks the same server."""
    options = dict(
        base_url=url,
        api_key_env='NEXT_MM_TEST_KEY',
        max_concurrency=8,
        timeout=60.0,
        max_attempts=4,
        price_input=1.0,
        price_output=2.0,
    )
    entries = [{**options, 'name': m, 'model': m, **model} for m in models]
    path = folder / f'{name}.py'
    path.write_text(
        f'dataset = dict(type="RGBNT201", data_root={str(data)!r})\nschema = "person"\nmodels = {entries!r}\n'
        f'store = {str(folder / name / "store.sqlite")!r}\ncaptions = {str(folder / name / "text")!r}\n'
    )
    return path


def tool_command(*arguments: object) -> list[str]:
    """The command line of the tool as a process, with a lister that loads nothing (see ``light_tool.py``)."""
    return [sys.executable, str(Path(__file__).with_name('light_tool.py')), *map(str, arguments)]


def tool_environment() -> dict[str, str]:
    """Environment with the secret key."""
    return {**os.environ, 'PYTHONPATH': str(ROOT), 'NEXT_MM_TEST_KEY': SECRET, 'OMP_NUM_THREADS': '1', 'COLUMNS': '200'}


def run_tool(*arguments: object, code: int = 0, services: Services = light_tool.LIGHT) -> str:
    """Run the tool in this process; returns all that it printed."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output), patch.dict(os.environ, tool_environment()):
        try:
            result = light_tool.main(list(map(str, arguments)), services)
        except SystemExit as end:
            result = end.code
    text = output.getvalue()
    assert result == code, text
    assert SECRET not in text
    return text


def minimal_settings(data: Path, **changes: Any) -> CaptionSettings:
    """Settings that name a dataset, and nothing else of use."""
    config = dict(
        dataset=dict(type='RGBNT201', data_root=str(data)),
        schema='person',
        store='s',
        captions='t',
        models=[dict(name='m', model='m', base_url='http://localhost/v1')],
    )
    return parse_settings({**config, **changes}, 'c')


def pictures_of(data: Path) -> list[str]:
    """Keys of all pictures, in a fixed order."""
    return [picture_key(path.read_bytes(), -1) for path in sorted(data.rglob('*.jpg'))]


def query(folder: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(folder / 'store.sqlite') as db:
        return db.execute(sql).fetchall()


def log_of(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def assert_no_secret(folder: Path) -> None:
    """The key is in no file below ``folder``."""
    for path in folder.rglob('*'):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def wait_until(condition: Callable[[], bool], timeout: float = 300) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, 'it did not come to that'
        time.sleep(0.02)


def answered(log: Path) -> list[str]:
    return [' '.join(words[1:3]) for words in log_of(log) if words[0] == 'answered'] if log.exists() else []


def stored(folder: Path) -> int:
    if not (folder / 'store.sqlite').exists():
        return 0
    try:
        return query(folder, 'SELECT COUNT(*) FROM answers')[0][0]
    except sqlite3.OperationalError:
        return 0


def count_rows(store: Path, table: str) -> int:
    """Rows of a table of a store."""
    with sqlite3.connect(store) as db:
        return db.execute(f'SELECT COUNT(*) FROM {table}').fetchone()[0]


def make_context(store: Store, data: Path, **changes: Any) -> CaptionContext:
    """What a stage works with, over a dataset in RGBNT201's layout."""
    model = dict(name='m', model='m', base_url='http://localhost/v1')
    config = dict(
        dataset=dict(type='RGBNT201', data_root=str(data)),
        schema='person',
        models=[model],
        store=str(store.path),
        captions=str(store.path.parent / 'text'),
    )
    settings = parse_settings({**config, **changes}, 'config.py')
    return CaptionContext(settings=settings, schema=load_schema(settings.schema_file), store=store)
