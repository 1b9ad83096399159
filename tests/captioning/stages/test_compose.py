"""Composition by a language model that lies."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from next_mm.captioning import Observation, load_schema
from next_mm.captioning.attributes.observations import dump_set, load_set
from next_mm.captioning.context import Services
from next_mm.captioning.llm.jobs import Counts
from next_mm.captioning.llm.replies import Reply
from next_mm.captioning.stages.compose import ask_composer, clean_text, write_texts
from next_mm.captioning.store import Store
from tests.captioning.conftest import (
    SECRET,
    Serve,
    assert_no_secret,
    make_context,
    make_dataset,
    query,
    run_tool,
    write_config,
)

SCHEMA = load_schema('person')
SETS = [
    dict(
        gender=Observation('male', 0.9, 'm', 'rgb'),
        upper_type=Observation('jacket', 0.8, 'm', 'rgb'),
        backpack=Observation('yes', 0.7, 'm', 'tir', True),
    ),
    dict(gender=Observation('female', 0.9, 'm', 'rgb')),
]


class Composer:
    """An endpoint that says what it is told to say, in turn, for each attribute set."""

    def __init__(self, replies: dict[str, list[str]]) -> None:
        self.replies = replies
        self.asked: list[Any] = []

    async def look(self) -> None:
        pass

    async def ask(self, messages: Any, *_: Any) -> Reply:
        self.asked.append(messages)
        key = next(k for k in self.replies if k in messages[1]['content'])
        return Reply(self.replies[key].pop(0), 'stop', False, 100, 20)

    async def close(self) -> None:
        pass


def compose(
    tmp_path: Path, replies: dict[str, list[str]]
) -> tuple[Composer, Counts, Counter[str], list[tuple[str | None, str | None]]]:
    composer = Composer(replies)
    model = dict(name='c', model='c', base_url='http://localhost/v1')
    with Store(tmp_path / 's.sqlite') as store:
        run = make_context(store, tmp_path, composer=model)
        run = replace(run, services=Services(connect=lambda settings: composer))
        sets = [('train', f'{number}.jpg', {'rgb': attributes}) for number, attributes in enumerate([*SETS, SETS[0]])]
        store.captions.replace_sets(('train',), sets)
        assert run.settings.composer is not None
        counts = asyncio.run(ask_composer(run, run.settings.composer))
        sources = write_texts(run)
        rows = [(row.caption, row.source) for row in store.captions.all()]
    return composer, counts, sources, rows


def test_a_composer_is_corrected_once_and_then_replaced_by_the_template(tmp_path: Path) -> None:
    good = 'A man in a jacket carries a backpack.'
    composer, counts, sources, rows = compose(
        tmp_path,
        {
            '"male"': ['A man in a red jacket.', f'```\n"{good}"\n```'],
            '"female"': ['A woman with a dog.', 'A woman with a cat.'],
        },
    )
    assert [text for text, _ in rows] == [good, 'A female.', good]
    assert sources == Counter({'c': 2, 'template, for want of an accepted caption': 1})
    assert len(composer.asked) == 4  # equal sets are asked about once
    correction = next(m for m in composer.asked if len(m) == 4 and '"male"' in m[1]['content'])
    assert "adds 'red'" in correction[3]['content'] and correction[2]['content'] == 'A man in a red jacket.'
    assert counts.answers == Counter(complete=1, invalid=1) and counts.requests == Counter(complete=1, invalid=3)
    composer, *_ = compose(tmp_path, {'male': []})
    assert not composer.asked  # started again: nothing is paid for twice


def test_a_composer_over_http_words_every_caption_and_its_second_run_asks_nothing(tmp_path: Path, serve: Serve) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 4)
    url, log = serve()
    config = write_config(tmp_path, data, url)
    config.write_text(config.read_text() + 'composer = dict(models[0], name="composer", structured_output="text")\n')
    run_tool(config, 'attributes', 'merge', 'compose')
    assert query(tmp_path / 'run', 'SELECT source, COUNT(*) FROM captions GROUP BY source') == [('composer', 12)]
    before = log.read_text()
    assert_no_secret(tmp_path / 'run')
    run_tool(config, 'attributes', 'merge', 'compose')
    assert log.read_text() == before and 0 < before.count('asked compose') <= 12  # equal sets once


def test_a_composer_that_repeats_the_key_in_its_errors_does_not_spread_it(tmp_path: Path, serve: Serve) -> None:
    url, _ = serve({'compose': ['error_500', 'bad_request'] * 4})
    config = write_config(tmp_path, make_dataset(tmp_path / 'RGBNT201', 4), url, models=('clothing-expert',))
    config.write_text(config.read_text() + 'composer = dict(models[0], name="composer", structured_output="text")\n')
    run_tool(config)  # looks through what is printed
    rejected = "SELECT COUNT(*) FROM answers WHERE status='rejected' AND raw LIKE '%key Bearer ***%'"
    assert query(tmp_path / 'run', rejected)[0][0]
    assert_no_secret(tmp_path / 'run')
    run_tool(
        config, '--cfg-options', f'models.0.api_key={SECRET}', code=2
    )  # the wrong place for it, and no reason to repeat it


def test_observations_survive_the_store() -> None:
    assert load_set(dump_set(SETS[0])) == SETS[0]
    assert clean_text('```text\n "A man."\n```') == 'A man.'
