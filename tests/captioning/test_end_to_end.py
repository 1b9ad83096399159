"""The whole pipeline over real HTTP, against a server that does everything wrong that servers do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from next_mm.captioning.attributes.schema import load_schema
from next_mm.captioning.simulation.misbehaviour import PLATE
from tests.captioning.conftest import (
    Serve,
    answered,
    assert_no_secret,
    log_of,
    make_dataset,
    pictures_of,
    query,
    run_tool,
    stored,
    tool_command,
    tool_environment,
    wait_until,
    write_config,
)

# What is done to a picture's first requests -> state of its answer and number of requests that it takes.
PLAN = {
    'too_many': (['too_many', 'too_many'], 'complete', 3),
    'error_500': (['error_500'], 'complete', 2),
    'always_500': (['error_500'] * 9, 'unreached', 4),
    'broken': (['broken'], 'complete', 2),
    'not_a_completion': (['not_a_completion'], 'complete', 2),
    'refusal': (['refusal'], 'complete', 2),
    'always_refusal': (['refusal', 'refusal'], 'refused', 2),
    'formal_refusal': (['formal_refusal', 'formal_refusal'], 'refused', 2),
    'truncated': (['truncated'], 'complete', 2),
    'always_truncated': (['truncated', 'truncated'], 'partial', 2),
    'white_space': (['white_space'], 'complete', 1),
    'white_space_inside': (['white_space_inside'], 'complete', 2),
    'always_white_space_inside': (['white_space_inside', 'white_space_inside'], 'partial', 2),
    'fences': (['fences'], 'complete', 1),
    'odd_confidence': (['odd_confidence'], 'complete', 1),
    'missing_and_extra': (['missing_and_extra'], 'partial', 1),
    'wrong_types': (['wrong_types'], 'partial', 1),
    'plate': (['plate'], 'complete', 1),
    'bad_request': (['bad_request'], 'rejected', 1),
}


def test_misbehaving_server_loses_and_invents_nothing(dataset: Path, serve: Serve, tmp_path: Path) -> None:
    keys = pictures_of(dataset)
    cases = dict(zip(PLAN, keys))
    url, log = serve({cases[name]: steps for name, (steps, _, _) in PLAN.items()})
    config = write_config(tmp_path, dataset, url, models=('clothing-expert',))
    output = run_tool(config, 'attributes', code=1)
    answers = {
        subject: (status, raw, parsed, notes)
        for subject, _, _, status, raw, parsed, notes in query(tmp_path / 'run', 'SELECT * FROM answers')
    }
    asked = Counter(words[1] for words in log_of(log) if words[0] == 'asked')
    for name, (_, status, requests) in PLAN.items():
        assert answers[cases[name]][0] == status, name
        assert asked[cases[name]] == requests, name
    assert set(answers) == set(keys)  # nothing is lost
    assert all(asked[key] == 1 for key in keys[len(PLAN) :])  # nothing is asked twice without need
    recorded = Counter(dict(query(tmp_path / 'run', 'SELECT subject, COUNT(*) FROM requests GROUP BY subject')))
    assert recorded == asked  # the counts add up, request by request
    assert sum(recorded.values()) == sum(
        int(line.split('│')[4]) for line in output.splitlines() if '│ request │' in line
    )

    times = [
        [float(words[5]) for words in log_of(log) if words[:2] == [what, cases['too_many']]]
        for what in ('failed', 'asked')
    ]
    assert all(
        asked_again - refused >= 0.2 for refused, asked_again in zip(times[0], times[1][1:])
    )  # as long as Retry-After said

    odd = json.loads(answers[cases['odd_confidence']][2])
    order = list(load_schema('person').observable('rgb'))
    assert {name: confidence for name, (_, confidence) in odd.items()} == {
        name: (0.85, 0.85, 0.9, 0, 0)[order.index(name) % 5] for name in odd
    }
    assert json.loads(answers[cases['odd_confidence']][3]).keys() >= {
        'confidence as text',
        'confidence out of 100',
        'confidence in words',
    }
    missing = json.loads(answers[cases['missing_and_extra']][2])
    assert missing['gender'] == [None, 0] and 'name' not in missing
    wrong = json.loads(answers[cases['wrong_types']][2])
    assert (
        wrong['gender'] == [None, 0]
        and wrong['backpack'] == ['yes', 0.9]
        and wrong['upper_type'] == [None, 0]
        and wrong['hairstyle'] == [None, 0]
    )
    plate = answers[cases['plate']]
    assert PLATE not in plate[1] and 'licence plate removed' in plate[3] and json.loads(plate[2])['view'] == [None, 0]
    partial = json.loads(answers[cases['always_truncated']][2])
    assert any(value for value, _ in partial.values()) and partial['clarity'] == [None, 0]
    assert any(value for value, _ in json.loads(answers[cases['always_white_space_inside']][2]).values())
    assert PLATE.encode() not in b''.join(p.read_bytes() for p in (tmp_path / 'run').rglob('*') if p.is_file())
    assert_no_secret(tmp_path / 'run')

    # Started again: what never arrived is asked for, what failed for good only on request.
    before = len(log_of(log))
    run_tool(config, 'attributes', code=1)
    assert [words[1] for words in log_of(log)[before:] if words[0] == 'asked'] == [cases['always_500']] * 4
    before = len(log_of(log))
    run_tool(config, 'attributes', '--retry-failed')
    retried = {words[1] for words in log_of(log)[before:] if words[0] == 'asked'}
    assert retried == {cases[n] for n in ('always_500', 'always_refusal', 'formal_refusal', 'bad_request')}
    assert {status for (status,) in query(tmp_path / 'run', 'SELECT status FROM answers')} == {'complete', 'partial'}

    run_tool(config, 'merge', 'compose', 'report')
    assert_no_secret(tmp_path / 'run')  # run_tool looks through what is printed
    for split, count in (('train', 9), ('test', 3)):
        for name in ('RGB', 'NI', 'TI'):
            entries = json.loads((tmp_path / f'run/text/{split}_{name}.json').read_text())
            assert len(entries) == count and all(
                e.keys() == {'item', 'description'} and e['description'] for e in entries
            )


def test_a_server_that_hangs_or_drips_is_given_up_and_asked_again(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 1)
    url, log = serve({key: [trick] for key, trick in zip(pictures_of(data), ('hang', 'drip', 'answer'))})
    (data / 'test').mkdir()
    (data / 'test/RGB').mkdir()
    run_tool(write_config(tmp_path, data, url, models=('m',), timeout=3.0), 'attributes')
    assert query(tmp_path / 'run', 'SELECT status, COUNT(*) FROM answers GROUP BY status') == [('complete', 3)]
    outcomes = dict(query(tmp_path / 'run', 'SELECT outcome, COUNT(*) FROM requests GROUP BY outcome'))
    assert outcomes['timeout'] >= 2 and sum(words[0] == 'asked' for words in log_of(log)) == sum(outcomes.values())


@pytest.mark.parametrize(
    ('trick', 'text'),
    [('wrong_key', 'the key was not accepted'), ('elsewhere', 'pictures are sent to no other address')],
)
def test_a_hopeless_endpoint_stops_the_run_at_once(
    dataset: Path, serve: Serve, tmp_path: Path, trick: str, text: str
) -> None:
    url, log = serve({key: [trick] * 99 for key in pictures_of(dataset)})
    output = run_tool(write_config(tmp_path, dataset, url, models=('m',)), 'attributes', code=3)
    assert text in output
    assert len(log_of(log)) <= 2 * 8  # what was in flight
    assert query(tmp_path / 'run', 'SELECT COUNT(*) FROM answers') == [(0,)]  # a wrong key says nothing about a picture
    assert_no_secret(tmp_path / 'run')


def test_no_more_requests_are_in_flight_than_allowed(tmp_path: Path, serve: Serve) -> None:
    url, log = serve(latency=0.1)
    run_tool(
        write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 12), url, models=('m',), max_concurrency=5),
        'attributes',
    )
    assert max(int(words[4]) for words in log_of(log)) == 5


def test_failures_are_listed_and_an_unreadable_picture_fails_the_run_at_its_end(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    keys, pictures = pictures_of(data), sorted(data.rglob('*.jpg'))
    url, _ = serve({keys[0]: ['bad_request'] * 9, keys[1]: ['refusal'] * 9, keys[2]: ['error_500'] * 9})
    pictures[3].write_bytes(pictures[3].read_bytes()[:200])
    pictures[4].write_bytes(b'no picture')
    pictures[5].unlink()
    pictures[5].symlink_to('nowhere')
    config = write_config(tmp_path, data, url, models=('m',))
    output = run_tool(config, code=1)
    listed = [json.loads(line) for line in (tmp_path / 'run/store.failures.jsonl').read_text().splitlines()]
    assert {(f['path'], f['model'], f['status']) for f in listed} == {
        (str(pictures[0]), 'm', 'rejected'),
        (str(pictures[1]), 'm', 'refused'),
        (str(pictures[2]), 'm', 'unreached'),
        *((str(picture), '', 'unreadable') for picture in pictures[3:6]),
    }
    reasons = {f['path']: f['reason'] for f in listed}
    assert 'picture rejected' in reasons[str(pictures[0])] and "can't identify" in reasons[str(pictures[1])]
    assert 'boom' in reasons[str(pictures[2])] and 'truncated or damaged' in reasons[str(pictures[3])]
    assert str(tmp_path / 'run/store.failures.jsonl') in output and all(
        str(picture) in output for picture in pictures[3:6]
    )
    page = (tmp_path / 'run/report/index.html').read_text()
    assert '3 unreadable' in page and '1 refused (m)' in page
    assert query(tmp_path / 'run', "SELECT COUNT(*) FROM answers WHERE status='complete'") == [
        (18,)
    ]  # the rest is done
    assert_no_secret(tmp_path / 'run')
    url, _ = serve()
    config = write_config(tmp_path, make_dataset(data, 8), url, models=('m',))
    run_tool(config, 'attributes', '--retry-failed')  # the pictures are whole again
    assert not (tmp_path / 'run/store.failures.jsonl').exists()


def test_an_endpoint_that_fails_every_time_stops_the_run(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 20)
    url, log = serve({key: ['bad_request'] * 99 for key in pictures_of(data)})
    output = run_tool(write_config(tmp_path, data, url, models=('m',)), 'attributes', code=3)
    assert '10 questions in a row failed' in output and 'picture rejected' in output
    assert sum(words[0] == 'asked' for words in log_of(log)) <= 10 + 8


def test_killed_and_started_again_asks_nothing_twice(tmp_path: Path, serve: Serve) -> None:
    """600 pictures: killed with requests in flight, started again, the same output as an uninterrupted run."""
    data = make_dataset(tmp_path / 'RGBNT201', 200, 4)
    url, log = serve(stall_after=200)
    config = write_config(tmp_path, data, url, models=('m',), name='killed', max_concurrency=16)
    process = subprocess.Popen(
        tool_command(config, 'attributes'), env=tool_environment(), stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(lambda: stored(tmp_path / 'killed') == 200)  # the server stalls: the rest hangs in flight
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    first = answered(log)
    assert len(first) == 200 and sum(words[0] == 'asked' for words in log_of(log)) > 200

    url, log_two = serve(latency=0.01)
    config = write_config(tmp_path, data, url, models=('m',), name='killed', max_concurrency=16)
    process = subprocess.Popen(
        tool_command(config, 'attributes'), env=tool_environment(), stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(lambda: stored(tmp_path / 'killed') > 400)  # and once more at any moment
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = stored(tmp_path / 'killed')
    wait_until(
        lambda: sum(words[0] == 'asked' for words in log_of(log_two)) == len(answered(log_two))
    )  # the server ends what it began
    on_the_wire = 200 + len(answered(log_two)) - kept  # answers that did not reach the disk
    assert 0 <= on_the_wire <= 16
    run_tool(config, 'attributes')
    counts = Counter(first + answered(log_two))
    assert len(counts) == 600
    assert not set(first) & set(answered(log_two))  # of the 200, not one is asked again
    assert sum(n - 1 for n in counts.values()) == on_the_wire  # of the rest, those that were on the wire at the kill

    url, _ = serve()
    straight = write_config(tmp_path, data, url, models=('m',), name='straight', max_concurrency=16)
    run_tool(straight, 'attributes', 'merge', 'compose')
    run_tool(config, 'merge', 'compose')
    for path in (tmp_path / 'straight/text').iterdir():
        assert path.read_bytes() == (tmp_path / 'killed/text' / path.name).read_bytes(), path.name
