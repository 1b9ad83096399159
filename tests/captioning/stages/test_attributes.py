"""Asking for attributes: an answer that a fault kept from being read is read by the next run, not paid for again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from next_mm.captioning import load_schema
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.context import CaptionContext, Services
from next_mm.captioning.llm.replies import Reply
from next_mm.captioning.stages import attributes
from next_mm.captioning.stages.attributes import ask_models
from next_mm.captioning.stages.failures import summarize_failures
from next_mm.captioning.stages.scan import hash_pictures, list_dataset
from next_mm.captioning.store import Store
from tests.captioning import light_tool
from tests.captioning.conftest import make_context, make_dataset

SCHEMA = load_schema('person')


def answer(schema: Schema, modality: str = 'rgb', confidence: float = 0.9) -> str:
    return json.dumps(
        {n: {'value': next(iter(a.values)), 'confidence': confidence} for n, a in schema.observable(modality).items()}
    )


class Endpoint:
    """Answers the same to every question."""

    def __init__(self, text: str, finish_reason: str = 'stop') -> None:
        self.reply = Reply(text, finish_reason, False, 100, 50)
        self.asked = 0

    async def look(self) -> None:
        pass

    async def ask(self, messages: Any, *_: Any) -> Reply:
        self.asked += 1
        return self.reply

    async def close(self) -> None:
        pass


def prepare(store: Store, data: Path, endpoint: Endpoint) -> CaptionContext:
    services = Services(list_pictures=light_tool.list_pictures, connect=lambda _: endpoint)
    run = replace(make_context(store, data, splits=['train']), services=services)
    list_dataset(run)
    hash_pictures(run)
    return run


def test_a_fault_in_reading_loses_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 3)
    endpoint = Endpoint(answer(SCHEMA) + ' seen on AB12 CDE', 'length')

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with Store(tmp_path / 's.sqlite') as store:
        run = prepare(store, data, endpoint)
        with monkeypatch.context() as patched:
            patched.setattr(attributes, 'parse_answer', fail)
            with pytest.raises(ZeroDivisionError):
                asyncio.run(ask_models(run))
        asked = endpoint.asked
        received = store.answers.received('m', tuple(run.attribute_versions.values()))
        assert len(received) == asked > 0 and all('AB12' not in found.answer.raw for found in received)
        assert store.requests.totals()[0].requests == asked

        run = prepare(store, data, endpoint)
        asyncio.run(ask_models(run))
        assert endpoint.asked == 9  # each picture once, though the fault came in between
        assert not store.answers.received('m', tuple(run.attribute_versions.values()))
        found = list(store.answers.to_prompts(run.attribute_versions.values()))
        assert {stored.answer.status for stored in found} == {'complete'}
        assert all(stored.answer.notes['stopped at the token limit'] for stored in found)


def test_a_mere_draft_is_asked_about_once_more(tmp_path: Path) -> None:
    endpoint = Endpoint('{"gender": {"value": "female", "confidence": 0.2}}')
    with Store(tmp_path / 's.sqlite') as store:
        run = prepare(store, make_dataset(tmp_path / 'RGBNT201', 1), endpoint)
        asyncio.run(ask_models(run))
    assert endpoint.asked == 6


def test_failures_are_summed_up_with_address_and_reason(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 2)
    with Store(tmp_path / 's.sqlite') as store:
        run = prepare(store, data, Endpoint('I will not.'))
        asyncio.run(ask_models(run))
        next((data / 'train_171/RGB').iterdir()).write_bytes(b'')
        hash_pictures(run)
        summary = summarize_failures(run)
    assert (summary.without, summary.pictures, summary.failures) == (6, 6, 6)
    assert summary.reasons == [
        '5 invalid (m at http://localhost/v1): I will not.',
        '1 unreadable: the picture file is empty (zero bytes)',
    ]
