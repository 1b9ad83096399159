"""Stage 3: from attributes to captions, by a language model under a checker, or by the template (Sec. IV, "Caption Generation")."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial

from next_mm.captioning.asking import Asker
from next_mm.captioning.checker import check_caption
from next_mm.captioning.endpoint import Reply
from next_mm.captioning.jobs import Job, Tally, Verdict
from next_mm.captioning.limits import Budget, Stop
from next_mm.captioning.observations import AttributeSet, load_set
from next_mm.captioning.plates import redact
from next_mm.captioning.prompts import compose_messages, compose_version, known_values
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import FAILED, USABLE, Answer, Store
from next_mm.captioning.template import compose_caption


def clean_text(text: str) -> str:
    """A model's caption without fences, quotation marks around it, and line breaks."""
    text = re.sub(r'^\s*```\w*\s*|\s*```\s*$', '', text)
    return ' '.join(text.split()).strip('"“”\' ')


def subject_of(attributes: AttributeSet, schema: Schema) -> str:
    """Key of an attribute set: equal sets share one caption, asked for once."""
    known = json.dumps({name: value[0] for name, value in known_values(attributes, schema).items()}, ensure_ascii=False)
    return hashlib.sha256(known.encode()).hexdigest()[:32]


class Compositions:
    """The captions that the composer has not worded yet."""

    def __init__(self, store: Store, settings: CaptionSettings, schema: Schema, retry_failed: bool = False) -> None:
        self.store, self.settings, self.schema = store, settings, schema
        self.version = compose_version(schema, settings.token_budget)
        self.done = USABLE if retry_failed else USABLE + FAILED

    async def jobs(self) -> AsyncIterator[Job]:
        """One job for each different attribute set."""
        seen: set[str] = set()
        for attributes in _attribute_sets(self.store, self.settings):
            subject = subject_of(attributes, self.schema)
            answer = None if subject in seen else self.store.answer(subject, self.settings.composer.name, self.version)
            if subject in seen or (answer is not None and answer.status in self.done):
                continue
            seen.add(subject)
            yield Job(
                subject,
                self.version,
                compose_messages(attributes, self.schema, self.settings.token_budget),
                partial(self._judge, attributes),
            )

    def _judge(self, attributes: AttributeSet, reply: Reply) -> Verdict:
        text, plates = redact(clean_text(reply.text))
        notes = {'licence plate removed': plates} if plates else {}
        if reply.refused:
            return Verdict(Answer('refused', text, '', notes), 0, ask_again=True)
        problems = check_caption(text, attributes, self.schema, self.settings.token_budget)
        if reply.finish_reason == 'length':
            problems.append('it was cut off')
        if not problems:
            return Verdict(Answer('complete', text, text, notes), 2)
        notes['caption rejected by the checker'] = 1
        complaint = 'This caption is wrong: ' + '; '.join(problems) + '. Write it again.'
        return Verdict(Answer('invalid', text, '', notes), 1, ask_again=True, complaint=complaint)


def _attribute_sets(store: Store, settings: CaptionSettings):
    last = -1
    while rows := store.db.execute(
        'SELECT rowid, split, attributes FROM captions WHERE rowid>? ORDER BY rowid LIMIT 256', (last,)
    ).fetchall():
        last = rows[-1][0]
        for _, split, attributes in rows:
            if split in settings.splits:
                yield load_set(attributes)


async def ask_composer(
    store: Store,
    settings: CaptionSettings,
    schema: Schema,
    budget: Budget,
    stop: Stop,
    retry_failed: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> Tally:
    """Have the composer word every caption that it has not worded yet."""
    asker = Asker(settings.composer, store, budget, stop, progress)
    return await asker.run(Compositions(store, settings, schema, retry_failed).jobs())


def write_texts(store: Store, settings: CaptionSettings, schema: Schema) -> Counter:
    """Put a caption beside every attribute set: the composer's where it passed the checker, else the template's.

    Returns:
        Number of captions by source.
    """
    version = compose_version(schema, settings.token_budget)
    sources: Counter = Counter()
    rows = store.db.execute('SELECT rowid, split, attributes FROM captions').fetchall()
    with store.transaction():
        for rowid, split, text in rows:
            if split not in settings.splits:
                continue
            attributes = load_set(text)
            caption, source = _text(store, settings, schema, attributes, version)
            sources[source] += 1
            store.db.execute('UPDATE captions SET caption=?, source=? WHERE rowid=?', (caption, source, rowid))
    return sources


def _text(
    store: Store, settings: CaptionSettings, schema: Schema, attributes: AttributeSet, version: str
) -> tuple[str, str]:
    if settings.composer is not None:
        answer = store.answer(subject_of(attributes, schema), settings.composer.name, version)
        if answer is not None and answer.status in USABLE:
            return answer.parsed, settings.composer.name
    source = 'template' if settings.composer is None else 'template, for want of an accepted caption'
    return compose_caption(attributes, schema, settings.token_budget), source
