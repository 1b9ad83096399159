"""The command line: estimates, limits, shards, and what it says of mistakes."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from next_mm.captioning.context import Services
from next_mm.captioning.store import Picture, Store, shard_of
from tests.captioning import light_tool
from tests.captioning.conftest import Serve, count_rows, make_dataset, run_tool, write_config


def test_dry_run_limit_budget_and_shards(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 12)
    url, log = serve()
    config = write_config(tmp_path, data, url, models=('m',))
    assert '36 requests' in run_tool(config, '--dry-run') and '6 requests' in run_tool(
        config, '--dry-run', '--limit', 2
    )
    assert not log.exists() or not log.read_text()  # nothing was sent
    run_tool(config, 'attributes', '--limit', 2)
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert count_rows(store.path, 'answers') == 6
        spent = store.requests.spent()
    output = run_tool(config, 'attributes', '--budget', spent * 3, code=3)
    with Store(tmp_path / 'run/store.sqlite') as store:
        assert 'budget' in output and spent < store.requests.spent() <= spent * 3
    whole = write_config(tmp_path, data, url, models=('m',), name='whole')
    run_tool(whole, 'attributes', 'merge', 'compose')
    parts = write_config(tmp_path, data, url, models=('m',), name='parts')
    for index in (1, 2, 3):
        run_tool(parts, '--shard', f'{index}/3')
    run_tool(parts, 'merge', 'compose', '--absorb', *sorted((tmp_path / 'parts').glob('store.*.sqlite')))
    assert '0 requests' in run_tool(parts, '--dry-run')
    for path in (tmp_path / 'whole/text').iterdir():
        assert path.read_bytes() == (tmp_path / 'parts/text' / path.name).read_bytes()
    assert {shard_of(f'{n:08x}', 3) for n in range(9)} == {1, 2, 3}


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        (('atributes',), 'unknown stage'),
        (('merge', '--shard', '1/2'), '--absorb'),
        (('--absorb', 'nowhere.sqlite'), 'no store nowhere.sqlite'),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    tmp_path: Path, dataset: Path, arguments: tuple[str, ...], text: str
) -> None:
    assert text in run_tool(write_config(tmp_path, dataset, 'http://127.0.0.1:9/v1'), *arguments, code=2)


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        (('--shard', '0/3'), '1 <= i <= n'),
        (('--shard', 'x'), 'expected i/n'),
        (('--budget', '-1'), 'above 0'),
        (('--limit', 'x'), 'expected a number'),
    ],
)
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], text: str) -> None:
    with pytest.raises(SystemExit):
        light_tool.main(['config.py', *arguments])
    assert text in capsys.readouterr().err


def test_without_the_extra_the_command_that_installs_it_is_told(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path, dataset, 'http://127.0.0.1:9/v1')
    for name in ('aiohttp', 'filelock'):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, name, None)
            output = run_tool(config, '--dry-run', code=2)
        assert output == f'error: {name} not installed; captions need: pip install -e ".[captions]"\n'


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path, dataset: Path) -> None:
    def fail(*_: object) -> list[Picture]:
        raise ValueError('not enough values to unpack')

    config = write_config(tmp_path, dataset, 'http://127.0.0.1:9/v1')
    with pytest.raises(ValueError, match='not enough values to unpack'):
        run_tool(config, services=replace(light_tool.LIGHT, list_pictures=fail))


@pytest.mark.parametrize(
    ('config', 'options', 'text'),
    [
        ('1 / 0', [], 'reading this config ended with ZeroDivisionError'),
        ('_base_ = ["nowhere.py"]', [], 'nowhere.py'),
        ('', ['models.7.name=x'], '--cfg-options'),
        ('', ['schema.x.y=1'], '--cfg-options|not a caption config'),
        ('', ['schema=persn'], "no schema 'persn'"),
        ('', ['models=7'], 'models'),
        ('', ['dataset.type=Nowhere'], 'Nowhere'),
        ('', ['dataset.splitt=1'], 'splitt'),
        ('', ['dataset=None'], 'dataset'),
        ('', ['store=/dev/null'], '/dev/null'),
        ('', ['captions=/dev/null'], 'captions go into a folder'),
        ('', ['custom_imports.imports=nowhere'], 'nowhere'),
    ],
)
def test_mistakes_in_a_config_are_told_in_a_line(
    tmp_path: Path, dataset: Path, config: str, options: list[str], text: str
) -> None:
    path = write_config(tmp_path, dataset, 'http://127.0.0.1:9/v1')
    path.write_text(f'{path.read_text()}\n{config}\n')
    usual = Services()
    flags = ['--cfg-options', *options] if options else []
    assert re.search(text, run_tool(path, '--dry-run', *flags, code=2, services=usual))


def test_pictures_without_an_answer_end_the_run_with_a_code_and_the_reason(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    url, _ = serve({'*': ['refusal'] * 9})
    config = write_config(tmp_path, data, url, models=('m',))
    output = run_tool(config, code=1)  # all stages: there is nothing to go on with
    assert output.rstrip().splitlines()[-1].startswith('12 of 12 pictures have no usable answer of any model')
    assert f"12 refused (m at {url}): I'm sorry" in output and 'run the stage attributes first' not in output
    assert not (tmp_path / 'run/text').exists()
    output = run_tool(config, 'report', code=2)
    assert 'none of the 12 pictures asked about has a usable answer' in output and '--retry-failed' in output
