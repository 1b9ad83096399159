"""A caption run, killed: no answer that was kept is asked for again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.captioning import light_tool
from tests.captioning.conftest import make_dataset, query, tool_environment, write_config
from tests.kill_points.job import ROOT, Job, bytes_differ, leftovers

__all__ = ['captioning', 'serve_captions']


def captioning(folder: Path, url: str, log: Path) -> Job:
    """The captions of a few pictures, from a server on this machine."""
    data = make_dataset(folder / 'RGBNT201', 8)
    pictures = 8 * 3

    def work(folder: Path) -> None:
        before = len(log.read_text().splitlines()) if log.exists() else 0
        config = write_config(folder.parent, data, url, models=('m',), name=folder.name, max_concurrency=4)
        os.environ.update(tool_environment())
        code = light_tool.main([str(config), 'attributes', 'merge', 'compose'], light_tool.LIGHT)
        if code:
            raise RuntimeError(f'exit code {code}')
        asked = sum(line.startswith('asked') for line in log.read_text().splitlines()[before:])
        (folder / 'asked').write_text(str(asked))

    def left(folder: Path) -> Iterator[str]:
        store = folder / 'store.sqlite'
        if store.exists():
            with sqlite3.connect(store) as db:
                yield from (f'store: {row}' for (row,) in db.execute('PRAGMA integrity_check') if row != 'ok')
                if db.execute("SELECT 1 FROM sqlite_master WHERE name='answers'").fetchone():
                    ((kept,),) = db.execute('SELECT COUNT(*) FROM answers')
                    (folder / 'kept').write_text(str(kept))
        for path in folder.rglob('*.json'):
            json.loads(path.read_text())

    def done(folder: Path, whole: Path) -> Iterator[str]:
        yield from leftovers(folder)
        yield from bytes_differ(folder / 'text', whole / 'text', '*')
        kept, asked = (
            int((folder / name).read_text()) if (folder / name).exists() else 0 for name in ('kept', 'asked')
        )
        if asked > pictures - kept:
            yield f'{kept} answers were kept, yet {asked} of {pictures} pictures were asked about again'
        if query(folder, 'SELECT COUNT(*), COUNT(DISTINCT subject) FROM answers') != [(pictures, pictures)]:
            yield 'not one answer for each picture'

    return Job(work, left, done)


def serve_captions(stack: ExitStack, folder: Path) -> tuple[str, Path]:
    """Start the server of captions; returns its address and its log."""
    log, plan = folder / 'server.log', folder / 'plan.json'
    plan.write_text('{}')
    command = [sys.executable, '-m', 'next_mm.captioning.simulation.unruly', str(log), str(plan), '--latency', '0.01']
    server = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
    stack.callback(server.kill)
    assert server.stdout is not None
    return f'{server.stdout.readline().split()[-1]}/v1', log
