"""The command line: estimates, limits, shards, and what it says of mistakes."""

from __future__ import annotations

import pytest

from next_mm.captioning.store import Store, shard_of
from tests.captioning import light_tool
from tests.captioning.conftest import count_rows, make_dataset, run_tool, write_config


def test_dry_run_limit_budget_and_shards(tmp_path, serve):
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
def test_what_cannot_be_run_is_said_in_one_line(tmp_path, dataset, arguments, text):
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
def test_wrong_arguments(capsys, arguments, text):
    with pytest.raises(SystemExit):
        light_tool.main(['config.py', *arguments])
    assert text in capsys.readouterr().err
