"""What goes wrong around a run: a store that another program holds, a second run, keys, files in the way, Ctrl-C."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from next_mm.captioning.store import Answer, Store, StoreError
from tests.captioning import light_tool
from tests.captioning.conftest import (
    ROOT,
    Serve,
    answered,
    log_of,
    make_dataset,
    query,
    run_tool,
    stored,
    tool_command,
    tool_environment,
    wait_until,
    write_config,
)


@contextmanager
def hold_store(path: Path):
    """Hold the store as another program might: nothing can be written meanwhile."""
    other = sqlite3.connect(path, isolation_level=None, timeout=60)
    other.execute('BEGIN IMMEDIATE')
    try:
        yield
    finally:
        other.execute('ROLLBACK')
        other.close()


def start_tool(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        tool_command(*arguments),
        env=tool_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end_of(process: subprocess.Popen) -> str:
    """What the process printed until its end; it must not take its traceback for a message."""
    try:
        text = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail('the tool does not end')
    assert 'Traceback' not in text
    return text


def assert_each_was_answered_once(log: Path, pictures: int) -> None:
    keys = answered(log)
    assert len(keys) == len(set(keys)) == pictures


def test_a_store_that_is_held_for_good_stops_the_run_and_loses_no_answer(tmp_path: Path, serve: Serve) -> None:
    url, log = serve(latency=0.02)
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 40), url, models=('m',))
    store, ended, held = tmp_path / 'run/store.sqlite', threading.Event(), threading.Event()

    def hold() -> None:
        wait_until(lambda: stored(tmp_path / 'run') > 10)
        with hold_store(store):
            held.set()
            ended.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    output = run_tool(config, 'attributes', code=3, services=replace(light_tool.LIGHT, patience=0.5))
    ended.set()
    holder.join()
    assert held.is_set() and 'another program holds the store' in output
    assert (tmp_path / 'run/store.rescued.sqlite').is_file() and len(answered(log)) < 120
    assert 'taken over' in run_tool(config, 'attributes') and not (tmp_path / 'run/store.rescued.sqlite').exists()
    assert_each_was_answered_once(log, 120)
    assert stored(tmp_path / 'run') == 120


def test_a_second_run_is_refused_a_held_store_is_waited_for_and_one_sigterm_ends_the_wait(
    tmp_path: Path, serve: Serve
) -> None:
    url, log = serve(latency=0.02)
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 40), url, models=('m',))
    process = start_tool(config, 'attributes')
    wait_until(lambda: stored(tmp_path / 'run') > 10)
    with hold_store(tmp_path / 'run/store.sqlite'):
        held_at = stored(tmp_path / 'run')
        output = run_tool(config, 'attributes', code=2)
        assert (
            'another run' in output and str(tmp_path / 'run/store.sqlite') in output and len(output.splitlines()) == 1
        )
        wait_until(
            lambda: len(answered(log)) >= held_at + 8
        )  # as many answers as there are requests in flight wait for the store
    wait_until(lambda: stored(tmp_path / 'run') > held_at + 8)
    with hold_store(tmp_path / 'run/store.sqlite'):
        process.send_signal(signal.SIGTERM)
        assert 'interrupted' in end_of(process)
    assert process.returncode == 3
    run_tool(config, 'attributes')
    assert_each_was_answered_once(log, 120)


def test_every_key_is_asked_for_before_anything_is_sent(tmp_path: Path, serve: Serve) -> None:
    url, log = serve()
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), url, models=('m',))
    config.write_text(
        config.read_text() + 'composer = dict(models[0], name="composer", api_key_env="NEXT_MM_NO_SUCH_KEY")\n'
    )
    assert 'NEXT_MM_NO_SUCH_KEY is not set' in run_tool(config, code=2)
    assert not log_of(log) and not (tmp_path / 'run/store.sqlite').exists()
    run_tool(config, 'attributes', 'merge')  # stages that do not ask the composer do not need its key


def test_what_is_in_the_way_is_said_before_anything_is_sent(tmp_path: Path, serve: Serve) -> None:
    url, log = serve()
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), url, models=('m',))
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/text').write_text('')
    assert f'{tmp_path}/run/text: a file' in run_tool(config, code=2)
    (tmp_path / 'run/text').unlink()
    (tmp_path / 'run/store.sqlite').mkdir()
    assert f'{tmp_path}/run/store.sqlite: a folder' in run_tool(config, code=2)
    config.write_text('models = [\n')
    assert f'{config}: not valid Python' in run_tool(config, code=2)
    assert 'no-such-config.py' in run_tool(tmp_path / 'no-such-config.py', code=2)
    assert not log_of(log)


def test_a_locked_store_is_no_foreign_file(tmp_path: Path) -> None:
    Store(tmp_path / 's.sqlite').close()
    with (
        hold_store(tmp_path / 's.sqlite'),
        Store(tmp_path / 's.sqlite') as store,  # reading is possible
        pytest.raises(StoreError, match='another program holds the store'),
    ):
        store.record('p', 'm', 'v', None, Answer('complete'), wait=0.1)
    other = sqlite3.connect(tmp_path / 'new.sqlite', isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    with pytest.raises(StoreError, match='another program holds the store'):
        Store(tmp_path / 'new.sqlite', wait=0.1)
    other.close()


def test_options_are_read_and_absorbed_stores_count_in_the_estimate(
    tmp_path: Path, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url, _ = serve()
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    config = write_config(tmp_path, data, url, models=('m',))
    run_tool(config, 'attributes')
    other = write_config(tmp_path, data, url, models=('m',), name='other')
    assert '12 requests' in run_tool(other, '--dry-run')
    assert '0 requests' in run_tool(other, '--dry-run', '--absorb', tmp_path / 'run/store.sqlite')
    for wrong in (
        ['report', str(tmp_path), '--identity', '('],
        ['report', 'x', '--identity', r'\d+'],
        [str(config), '--cfg-options', 'foo'],
    ):
        with pytest.raises(SystemExit):
            light_tool.main(wrong, light_tool.LIGHT)
        assert f'argument {wrong[-2]}' in capsys.readouterr().err


def test_two_interruptions_do_not_wait_and_show_no_traceback(tmp_path: Path, serve: Serve) -> None:
    url, log = serve({}, stall_after=5)
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 10), url, models=('m',), price_input=1e4)
    process = start_tool(config, 'attributes')
    wait_until(lambda: stored(tmp_path / 'run') == 5 and sum(words[0] == 'asked' for words in log_of(log)) == 13)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # two signals at once are one
    process.send_signal(signal.SIGINT)
    assert 'interrupted' in end_of(process) and process.returncode == 3
    costs = query(tmp_path / 'run', "SELECT cost FROM requests WHERE outcome='abandoned'")
    assert len(costs) == 8 and all(cost > 0 for (cost,) in costs)  # they were sent, and may be charged


def test_an_interruption_while_pictures_are_listed_shows_no_traceback(tmp_path: Path) -> None:
    flag = tmp_path / 'listing'
    config = write_config(tmp_path, tmp_path, 'http://127.0.0.1:9/v1', models=('m',))
    (tmp_path / 'slow_layout.py').write_text(
        f'import pathlib, time\npathlib.Path({str(flag)!r}).write_text("")\ntime.sleep(600)\n'
    )
    config.write_text(config.read_text() + 'custom_imports = dict(imports=["slow_layout"])\n')
    process = subprocess.Popen(
        [sys.executable, str(ROOT / 'tools/generate_captions.py'), str(config), 'attributes'],
        env={**tool_environment(), 'PYTHONPATH': f'{ROOT}{os.pathsep}{tmp_path}'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(flag.exists)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group
    assert 'interrupted' in end_of(process) and process.returncode == 3
