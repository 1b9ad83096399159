"""Stage 1: ask every model about every picture (Sec. IV-A)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from next_mm.captioning.answers import ParsedAnswer, parse_answer
from next_mm.captioning.asking import Asker
from next_mm.captioning.endpoint import Reply
from next_mm.captioning.jobs import Job, Tally, Verdict
from next_mm.captioning.limits import Budget, Stop
from next_mm.captioning.pictures import PictureProblem, prepare_picture
from next_mm.captioning.plates import redact
from next_mm.captioning.prompts import attribute_instruction, attribute_messages, attribute_version, response_format
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings, ModelSettings
from next_mm.captioning.store import FAILED, USABLE, Answer, Store
from next_mm.triplet import MODALITIES

_RANK = {'complete': 3, 'partial': 2, 'invalid': 1, 'refused': 0}


@dataclass(frozen=True)
class Selection:
    """Which questions a run takes on.

    Attributes:
        limit: the first so many triplets; ``None`` for all.
        shard: (i, n): the i-th of n shares, i from 1.
        retry_failed: ask again where the answer was refused, invalid or rejected.
    """

    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    retry_failed: bool = False


def shard_of(picture: str, count: int) -> int:
    """The share, from 1, that a picture belongs to; equal pictures belong to the same."""
    return int(picture[:8], 16) % count + 1


class Questions:
    """The questions of one model that have no answer yet.

    Args:
        store, settings, model, schema: what is asked of whom.
        selection: which pictures.
    """

    def __init__(
        self, store: Store, settings: CaptionSettings, model: ModelSettings, schema: Schema, selection: Selection
    ) -> None:
        self.store, self.settings, self.model, self.schema, self.selection = store, settings, model, schema, selection
        self.instructions = {m: attribute_instruction(schema, m) for m in MODALITIES}
        self.versions = {m: attribute_version(schema, m, settings.max_side) for m in MODALITIES}
        self.formats = {m: response_format(model, schema, m) for m in MODALITIES}
        self.keep_keys = tuple(schema.attributes)
        self.plain_words = tuple(word for a in schema.attributes.values() if a.free for word in a.lookup)
        self.problems: dict[int, str] = {}
        store.db.create_function('shard_of', 2, lambda key, count: shard_of(key, count), deterministic=True)

    def _where(self) -> tuple[str, tuple]:
        done = USABLE if self.selection.retry_failed else USABLE + FAILED
        splits = self.settings.splits
        version = 'CASE p.modality ' + ' '.join(f"WHEN '{m}' THEN ?" for m in MODALITIES) + ' END'
        # The plus signs keep SQLite from any index but the row number: a chunk then costs what it holds, not what the table holds.
        query = (
            f'FROM pictures p WHERE p.picture IS NOT NULL AND +p.split IN ({_marks(splits)}) '
            # a picture that is in the list twice is asked about once
            'AND p.rowid=(SELECT MIN(q.rowid) FROM pictures q WHERE q.picture=p.picture AND q.modality=p.modality '
            f'AND q.split IN ({_marks(splits)})) '
            'AND NOT EXISTS(SELECT 1 FROM answers a WHERE a.subject=p.picture AND a.model=? '
            f'AND a.prompt={version} AND a.status IN ({_marks(done)}))'
        )
        values = (*splits, *splits, self.model.name, *(self.versions[m] for m in MODALITIES), *done)
        index, count = self.selection.shard
        if count > 1:
            query, values = f'{query} AND shard_of(p.picture, ?)=?', (*values, count, index)
        if self.selection.limit is not None:
            query += (
                f' AND (+p.split, +p.item) IN (SELECT split, item FROM pictures WHERE split IN ({_marks(splits)}) '
                'GROUP BY split, item ORDER BY MIN(rowid) LIMIT ?)'
            )
            values = (*values, *splits, self.selection.limit)
        return query, values

    def count(self) -> dict[str, int]:
        """Number of questions by modality."""
        query, values = self._where()
        return dict(
            self.store.db.execute(f'SELECT p.modality, COUNT(*) {query} GROUP BY p.modality', values).fetchall()
        )

    async def jobs(self) -> AsyncIterator[Job]:
        """The questions, their pictures read a few at a time in a thread."""
        query, values = self._where()
        last = -1
        while rows := self.store.db.execute(
            f'SELECT p.rowid, p.picture, p.modality, p.path, p.panel {query} AND p.rowid>? ORDER BY p.rowid LIMIT 256',
            (*values, last),
        ).fetchall():
            last = rows[-1][0]
            for start in range(0, len(rows), 16):
                for job in await asyncio.to_thread(self._prepare, rows[start : start + 16]):
                    yield job

    def _prepare(self, rows: list[tuple]) -> list[Job]:
        jobs = []
        for row, key, modality, path, panel in rows:
            try:
                url = prepare_picture(path, panel, self.settings.max_side, key)
            except PictureProblem as problem:
                self.problems[row] = str(problem)
                continue
            jobs.append(
                Job(
                    key,
                    self.versions[modality],
                    attribute_messages(self.instructions[modality], url, self.model.detail),
                    partial(self._judge, modality),
                    self.formats[modality],
                    self.model.image_tokens,
                )
            )
        return jobs

    def _judge(self, modality: str, reply: Reply) -> Verdict:
        # Plates go before anything is kept, parsed or shown.
        text, plates = redact(reply.text, self.plain_words, self.keep_keys)
        parsed = (
            ParsedAnswer('refused')
            if reply.refused
            else parse_answer(text, self.schema, modality, self.model.name, reply.finish_reason == 'length')
        )
        if plates:
            parsed.notes['licence plate removed'] = plates
        short = {name: [o.value, o.confidence] for name, o in parsed.attributes.items()}
        answer = Answer(
            parsed.status,
            text,
            json.dumps(short, ensure_ascii=False, separators=(',', ':')) if short else '',
            parsed.notes,
        )
        cut_off = parsed.status == 'partial' and reply.finish_reason == 'length'
        known = sum(o.value is not None for o in parsed.attributes.values())
        return Verdict(
            answer, 100 * _RANK[parsed.status] + known, ask_again=cut_off or parsed.status in ('invalid', 'refused')
        )


def _marks(values: tuple) -> str:
    return ','.join('?' * len(values))


async def ask_models(
    store: Store,
    settings: CaptionSettings,
    schema: Schema,
    selection: Selection,
    budget: Budget,
    stop: Stop,
    progress: Callable[[str], None] = lambda model: None,
) -> tuple[dict[str, Tally], dict[int, str]]:
    """Ask all models at the same time, each within its own limits.

    Args:
        progress: called with a model's name whenever one of its questions is settled.

    Returns:
        The tally of each model; and the pictures that could not be sent, by their row, with what is wrong.
    """
    questions = [Questions(store, settings, model, schema, selection) for model in settings.models]
    askers = [Asker(q.model, store, budget, stop, partial(progress, q.model.name)) for q in questions]
    runs = [asyncio.ensure_future(asker.run(q.jobs())) for asker, q in zip(askers, questions)]
    await asyncio.gather(
        *runs, return_exceptions=True
    )  # an error of one stops all, but what the others asked is paid for: they end first
    problems = {row: problem for q in questions for row, problem in q.problems.items()}
    return {q.model.name: run.result() for q, run in zip(questions, runs)}, problems
