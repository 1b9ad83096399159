"""A run against an endpoint that does whatever an endpoint can do wrong: every picture accounted for, money and memory
in bounds.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from next_mm.captioning.simulation.misbehaviour import PLATE
from tests.captioning.conftest import (
    SECRET,
    Serve,
    assert_no_secret,
    log_of,
    make_dataset,
    pictures_of,
    query,
    run_tool,
    tool_command,
    tool_environment,
    write_config,
)

ALWAYS = 9
# What is done to the first so many requests about a picture -> state of its answer and number of requests that it
# takes.
PLAN = {
    'draft_in_thoughts': (ALWAYS, 'complete', 1),
    'thoughts_without_opening': (ALWAYS, 'complete', 1),
    'thoughts_in_prose': (ALWAYS, 'complete', 1),
    'thoughts_never_closed': (1, 'complete', 2),
    'format_before_answer': (ALWAYS, 'complete', 1),
    'list_of_one': (ALWAYS, 'complete', 1),
    'json_in_a_string': (ALWAYS, 'complete', 1),
    'equal_keys': (ALWAYS, 'complete', 1),
    'surrogate': (ALWAYS, 'complete', 1),
    'huge_confidence': (ALWAYS, 'complete', 1),
    'nested': (ALWAYS, 'complete', 1),
    'quadratic': (ALWAYS, 'complete', 1),
    'quotation_marks': (ALWAYS, 'complete', 1),
    'error_in_a_success': (ALWAYS, 'unreached', 2),
    'plate': (ALWAYS, 'complete', 1),
    'plate_without_json': (ALWAYS, 'invalid', 2),
    'parts': (ALWAYS, 'complete', 1),
    'usage_null': (ALWAYS, 'complete', 1),
    'usage_float': (ALWAYS, 'complete', 1),
    'usage_negative': (ALWAYS, 'complete', 1),
    'usage_empty': (ALWAYS, 'complete', 1),
    'brotli': (ALWAYS, 'unreached', 2),
    'usage_text': (ALWAYS, 'complete', 1),
    'usage_beyond_64_bit': (ALWAYS, 'complete', 1),
    'byte_order_mark': (ALWAYS, 'complete', 1),
    'stream': (ALWAYS, 'complete', 1),
    'damaged_gzip': (ALWAYS, 'unreached', 2),
    'key_escaped': (ALWAYS, 'complete', 1),
    'not_a_completion': (1, 'complete', 2),
    'empty': (ALWAYS, 'unreached', 2),
    'gzip_bomb': (1, 'complete', 2),
    'deflate_bomb': (1, 'complete', 2),
    'endless': (1, 'complete', 2),
    'broken': (1, 'complete', 2),
    'no_http': (1, 'complete', 2),
    'too_many_zero': (2, 'complete', 3),
    'too_many_negative': (2, 'complete', 3),
    'too_many_nan': (2, 'complete', 3),
    'too_many_past': (2, 'complete', 3),
    'markup_and_escapes': (ALWAYS, 'unreached', 2),
    'bad_request': (ALWAYS, 'rejected', 1),
}

# In a process of its own: a child counts what its parent had in memory when it started it, and pytest has torch.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print('exit code', code, 'peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_every_picture_is_accounted_for(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 14)
    cases = dict(zip(PLAN, pictures_of(data)))
    assert len(cases) == len(PLAN) <= 14 * 3
    url, log = serve({cases[name]: [name] * times for name, (times, _, _) in PLAN.items()})
    config = write_config(tmp_path, data, url, models=('m',), max_attempts=2, timeout=60.0)
    output = subprocess.run(
        [sys.executable, '-c', MEASURE, *tool_command(config, 'attributes')],
        env=tool_environment(),
        capture_output=True,
        text=True,
    ).stdout
    answers = {
        subject: (status, raw, json.loads(notes) if notes else {})
        for subject, _, _, status, raw, _, notes in query(tmp_path / 'run', 'SELECT * FROM answers')
    }
    asked = Counter(words[1] for words in log_of(log) if words[0] == 'asked')
    for name, (_, status, requests) in PLAN.items():
        assert (answers[cases[name]][0], asked[cases[name]]) == (status, requests), name
    assert set(answers) == set(pictures_of(data))
    booked = dict(query(tmp_path / 'run', 'SELECT subject, COUNT(*) FROM requests GROUP BY subject'))
    assert booked == asked  # every request is in the books

    assert answers[cases['equal_keys']][2]['attribute given twice, the last taken'] == 1
    assert answers[cases['thoughts_in_prose']][2]['several JSON objects, one taken'] == 1
    assert json.loads(answers[cases['parts']][1])['gender']['confidence'] != 0.2
    stored = b''.join(path.read_bytes() for path in (tmp_path / 'run').rglob('*') if path.is_file())
    for spelling in (PLATE, json.dumps(PLATE)[1:-1], '88B42'):
        assert spelling.encode() not in stored
    for spelling in (
        ''.join(f'\\u{ord(letter):04x}' for letter in SECRET),
        ''.join(f'%{ord(letter):02x}' for letter in SECRET),
        base64.b64encode(f'Bearer {SECRET}'.encode()).decode(),
    ):
        assert spelling.encode() not in stored and spelling not in output
    assert_no_secret(tmp_path / 'run')
    assert '\x1b' not in output and SECRET not in output

    # the last lines: how many, and why
    failed = sum(status not in ('complete', 'partial') for _, status, _ in PLAN.values())
    assert f'{failed} of 42 pictures have no usable answer of any model' in output
    assert 'exit code 1 peak' in output
    assert int(output.split()[-1]) < 500  # MiB
    costs = query(tmp_path / 'run', 'SELECT MIN(cost), MAX(tokens_in), MAX(tokens_out) FROM requests')
    assert costs[0][0] >= 0 and costs[0][1] < 10_000 and costs[0][2] < 200_000


def test_a_pause_of_nothing_is_a_pause_all_the_same(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 1)
    (data / 'test/RGB').mkdir(parents=True)
    url, log = serve({pictures_of(data)[0]: ['too_many_zero'] * 4})
    run_tool(write_config(tmp_path, data, url, models=('m',), max_concurrency=1), 'attributes')
    moments = [(words[0], float(words[-1])) for words in log_of(log)]
    pauses = [
        after - before
        for (what, before), (next_what, after) in pairwise(moments)
        if (what, next_what) == ('failed', 'asked')
    ]
    assert len(pauses) == 4 and min(pauses) > 0.2  # half of the shortest back-off at least
    assert sum(pauses) > 3.5  # and it grows: (0.5 + 1 + 2 + 4) / 2


def test_a_pause_until_tomorrow_stops_the_run(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    url, log = serve({'*': ['too_many_tomorrow']})
    output = run_tool(write_config(tmp_path, data, url, models=('m',), max_concurrency=2), 'attributes', code=3)
    assert 'asked to wait 86400 s' in output and len(log_of(log)) <= 2 * 2


@pytest.mark.parametrize('kind', ['usage_negative', 'usage_empty', 'usage_null', 'usage_beyond_64_bit'])
def test_no_count_of_tokens_makes_the_budget_endless(tmp_path: Path, serve: Serve, kind: str) -> None:
    url, log = serve({'*': [kind]})
    data = make_dataset(tmp_path / 'RGBNT201', 12)
    config = write_config(tmp_path, data, url, models=('m',), price_input=10.0, price_output=10.0, image_tokens=500)
    for _ in range(2):
        assert 'budget' in run_tool(config, 'attributes', '--budget', 0.15, code=3)
        ((spent, cheapest),) = query(tmp_path / 'run', 'SELECT TOTAL(cost), MIN(cost) FROM requests')
        assert 0.05 < spent <= 0.15 and cheapest > 0.005
    assert 0 < sum(words[0] == 'asked' for words in log_of(log)) < 20


def test_a_credit_of_an_older_store_does_not_count(tmp_path: Path, serve: Serve) -> None:
    url, log = serve()
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), url, models=('m',))
    run_tool(config, 'attributes', '--limit', 1)
    query(tmp_path / 'run', 'UPDATE requests SET cost=-36.0')
    assert 'budget' in run_tool(config, 'attributes', '--budget', 0.0001, code=3)
    assert sum(words[0] == 'asked' for words in log_of(log)) == 3


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing: a handshake of TLS with it never ends."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        yield f'127.0.0.1:{server.getsockname()[1]}'


def test_a_handshake_that_never_ends_costs_nothing(tmp_path: Path, silent: str) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    config = write_config(tmp_path, data, f'https://{silent}/v1', models=('m',), timeout=0.5, price_input=1e6)
    output = run_tool(config, 'attributes', code=3)
    assert re.search(rf'm: there is no answer from https://{silent}/v1: no connection within 0.5 s', output)
    assert 'Nothing was sent' in output
    assert query(tmp_path / 'run', 'SELECT COUNT(*) FROM requests') == [(0,)]


def test_a_server_that_is_not_there_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        address = f'http://127.0.0.1:{server.getsockname()[1]}/v1'
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), address, models=('m',))
    output = run_tool(config, code=3)
    assert f'there is no answer from {address}' in output and 'Is the server running?' in output
    assert query(tmp_path / 'run', 'SELECT COUNT(*) FROM requests') == [(0,)]
