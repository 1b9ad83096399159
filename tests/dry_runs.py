"""Run a program with the words of a command, up to where its work would begin: it reads its own
command line and config."""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT

# What our tools call once they know what to do. Before it they check what the command line
# says, beyond what argparse does.
WORK = (
    'next_mm.apis.convert_checkpoint',
    'next_mm.apis.inference.load_bundle',
    'next_mm.apis.inference.shards.list_inputs',
    'next_mm.apis.inference.inferencer._open',
    'next_mm.gallery.Gallery.open',
    'next_mm.retrieval.feature_files.read_features',
    'next_mm.analysis.run_logs.find_checkpoint',
    'next_mm.apis.run_config.find_run_config',
    'next_mm.analysis.run_report.write_report',
    'next_mm.analysis.studies.cost.row_costs',
    'next_mm.captioning.report.audit.audit_folder',
    'next_mm.captioning.pipeline.CaptionRun.dry_run',
    'next_mm.captioning.pipeline.CaptionRun.run',
    'next_mm.captioning.report.write_folder_report',
)
# In place of what a document leaves to its reader, and of the config that it has him write.
WRITTEN = ('CONFIG', 'two_views_rgbnt201.py')
PLACEHOLDERS = {'tools/generate_captions.py': 'configs/captions/rgbnt201.py'}
ANY_CONFIG = 'configs/next_rgbnt201.py'


class Stopped(BaseException):
    """The command line was understood; no ``except Exception`` of a program catches this."""

    def __init__(self, arguments: argparse.Namespace | None = None) -> None:
        super().__init__()
        self.arguments = arguments


def check_python(words: Sequence[str]) -> None:
    """Let a Python program read its command line, and fail where it does not like it.

    Args:
        words: what follows ``python``.
    """
    if words[0] == '-m':
        arguments = _run_up_to(_stop_when_parsed, words)
        if getattr(arguments, 'training_script', None):  # torch.distributed.run
            check_python([arguments.training_script, *arguments.training_script_args])
        return
    script = find_script(words[0])
    config = PLACEHOLDERS.get(script, ANY_CONFIG)
    words = [script, *(config if word in WRITTEN else word for word in words[1:])]
    # a benchmark, and the page of the methods with the costs of all, take minutes
    parsed_alone = 'benchmarks' in script or script.endswith('zoo_page.py')
    _run_up_to(_stop_when_parsed if parsed_alone else _stop_at_work, words)


def check_shell(words: Sequence[str], variables: dict[str, str], folder: Path) -> None:
    """Run a shell script with programs in place of those that it calls which print their words, and check these.

    Args:
        words: the script and its arguments.
        variables: its environment.
        folder: for the programs in place.
    """
    script = find_script(words[0])
    assert os.access(script, os.X_OK), f'{script} is not executable'
    subprocess.run(['bash', '-n', script], check=True)
    for name in ('python', 'srun'):
        (folder / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (folder / name).chmod(0o755)
    environment = {**os.environ, **variables, 'PATH': f'{folder}:{os.environ["PATH"]}'}
    done = subprocess.run([f'./{script}', *words[1:]], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    called = done.stdout.splitlines()
    called = called[called.index('python') + 1 :] if 'python' in called else called  # after srun's own words
    check_python(called[called[0] == '-u' :])


def find_script(name: str) -> str:
    """A script's path below the root; some documents leave out its folder."""
    path = Path(name)
    if path.is_absolute():
        path = path.resolve().relative_to(ROOT)
    found = [path] if len(path.parts) > 1 else sorted(file.relative_to(ROOT) for file in ROOT.glob(f'tools/**/{name}'))
    assert len(found) == 1 and (ROOT / found[0]).is_file(), (
        f'{name}: no such script, or several: {", ".join(map(str, found))}'
    )
    return str(found[0])


def run_python(words: Sequence[str]) -> None:
    """Run a Python program in this process, to its end.

    Args:
        words: what follows ``python``.
    """
    with _command_line(words[words[0] == '-m' :]):
        if words[0] == '-m':
            runpy.run_module(words[1], run_name='__main__', alter_sys=True)
        else:
            runpy.run_path(words[0], run_name='__main__')


def _run_up_to(stop: Callable[[pytest.MonkeyPatch], None], words: Sequence[str]) -> argparse.Namespace | None:
    """Run a program with something in the way; returns what it had parsed, where ``stop`` knows."""
    code: int | str | None = None  # ending well is right too: without a study the tool lists them
    with pytest.MonkeyPatch.context() as patch:
        # argparse takes --show for --show-dir, until there is another option that begins so.
        patch.setattr(
            argparse.ArgumentParser, '__init__', partialmethod(argparse.ArgumentParser.__init__, allow_abbrev=False)
        )
        stop(patch)
        try:
            run_python(words)
        except Stopped as stopped:
            return stopped.arguments
        except SystemExit as end:
            code = end.code
    assert not code, f'{" ".join(words)}: exit {code}; what it said is on stderr'
    return None


@contextmanager
def _command_line(words: Sequence[str]) -> Iterator[None]:
    """Give a program its words, and take back what it does to a process that is not its own."""
    handler, modules = signal.getsignal(signal.SIGTERM), set(sys.modules)
    beside = ROOT / Path(words[0]).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', list(words))
        patch.setattr(sys, 'path', [str(beside), *sys.path])
        patch.setattr(os, 'environ', os.environ.copy())
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, handler)
            for name in set(sys.modules) - modules:
                if Path(getattr(sys.modules[name], '__file__', None) or '.').parent == beside:
                    del sys.modules[name]


def _stop_at_work(patch: pytest.MonkeyPatch) -> None:
    from next_mm import apis

    def stop(*args: Any, **kwargs: Any) -> None:
        raise Stopped

    def load(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        raise Stopped

    original = apis.load_config
    patch.setattr(apis, 'load_config', load)
    for name in WORK:
        patch.setattr(name, stop)


def _stop_when_parsed(patch: pytest.MonkeyPatch) -> None:
    original = argparse.ArgumentParser.parse_args

    def parse(parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> None:
        raise Stopped(original(parser, *args, **kwargs))

    patch.setattr(argparse.ArgumentParser, 'parse_args', parse)
